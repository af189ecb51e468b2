#include "cli/service/controller_service.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sys/random.h>
#include <thread>

#include "actors/error.hpp"
#include "cli/build.hpp"
#include "cli/command.hpp"
#include "cli/record_folder.hpp"
#include "cli/service/controller_plan.hpp"
#include "record/summary.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kScenarioFile = "scenario.yaml";

int64_t wall_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string new_run_id() {
  uint64_t drawn = 0;
  if (::getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) {
    throw EnvironmentError("the system has no random numbers to name a run by");
  }
  char text[32];
  std::snprintf(text, sizeof text, "run-%016llx", static_cast<unsigned long long>(drawn));
  return text;
}

Scenario from_text(const std::string& text, const std::filesystem::path& file) {
  Value root = parse_scenario(text, file.string());
  expand_shorthands(root);
  return read_scenario(root, JobsFrom::kPeople);
}

}  // namespace

ControllerService::ControllerService(ServiceConfig config)
    : config_(std::move(config)), folder_(config_.state) {
  open_state();
  open_wire();
}

ControllerService::~ControllerService() {
  gateway_->stop();
  runtime_->stop();
  if (runtime_->failure()) return;
  try {
    last_snapshot();
    std::lock_guard lock(journal_mutex_);
    journal_->close();
  } catch (const EnvironmentError& error) {
    config_.tell(error.what());
  }
}

// ---- Beginning ---------------------------------------------------------------------------------

void ControllerService::open_state() {
  std::string kept = folder_.read(kScenarioFile);
  if (kept.empty() && !config_.scenario) {
    throw InputError({folder_.path().string(), 0, 0, "a scenario to begin with", "none",
                      "orrery controller SCENARIO --state " + folder_.path().string()});
  }
  std::string given = config_.scenario ? kept_text(*config_.scenario, folder_.path()) : kept;
  if (!kept.empty() && kept != given) {
    throw InputError({folder_.path().string(), 0, 0, "the scenario that the state was begun with",
                      "another", "leave SCENARIO out to go on, or give another --state"});
  }
  scenario_ = from_text(given, folder_ / kScenarioFile);
  plan_ = controller_plan(scenario_);
  table_ = std::make_unique<JobTable>(plan_.cluster);
  nodes_.resize(plan_.cluster->size());
  if (kept.empty()) {
    folder_.write("run", new_run_id() + "\n");
    folder_.write(kScenarioFile, given);
  }
  run_ = folder_.read("run");
  if (!run_.empty() && run_.back() == '\n') run_.pop_back();
  read_drain_reasons();
  if (record::journal_header(folder_.path())) return go_on();
  begin_anew();
}

std::unique_ptr<Controller> ControllerService::new_controller() const {
  return std::make_unique<Controller>(plan_.cluster, *plan_.policy, plan_.controller);
}

void ControllerService::begin_anew() {
  began_ns_ = wall_ns();
  header_ = {scenario_.seed, version(), to_yaml(scenario_), "controller", began_ns_};
  journal_ = std::make_unique<record::JournalWriter>(folder_ / record::journal_name(0), header_);
  journal_->sync();
  runtime_ = std::make_unique<live::Runtime>(live::RuntimeOptions{.threads = 1});
  runtime_->attach(this, this, this);
  runtime_->add(kController, new_controller());
  // Until their agents say otherwise, there are no nodes.
  for (uint32_t node = 0; node < nodes_.size(); ++node) {
    runtime_->post(kController, Delivery{kEdge, NodeLost{{node}}});
  }
}

void ControllerService::go_on() {
  Recovered recovered = recover_state();
  inputs_ = snapshot_inputs_ = recovered.inputs;
  snapshot_inputs_ -= recovered.replayed;
  last_input_ = recovered.last;
  began_ns_ = recovered.header.began_ns;
  header_ = recovered.header;
  header_.version = version();
  journal_ = std::make_unique<record::JournalWriter>(
      folder_ / record::journal_name(recovered.tail.segment), recovered.tail);
  for (const Decision& decision : recovered.unwritten) {
    journal_->decision(recovered.last, kController, decision);
  }
  // Time has passed meanwhile; that it never decreases matters more than what the clock says now.
  Instant start = std::max(recovered.last, Instant{wall_ns() - began_ns_});
  std::vector<bool> was_down(nodes_.size());
  for (uint32_t node = 0; node < nodes_.size(); ++node) {
    was_down[node] = recovered.controller->node(node).down;
  }
  runtime_ = std::make_unique<live::Runtime>(live::RuntimeOptions{.start = start, .threads = 1});
  runtime_->attach(this, this, this);
  config_.tell("went on with " + run_ + ": " + std::to_string(recovered.inputs) + " inputs (" +
               std::to_string(recovered.replayed) + " of them replayed), " +
               std::to_string(table_->size()) + " jobs" +
               (recovered.cut_off ? ", after an end without notice" : ""));
  const std::vector<Arm> alarms = recovered.controller->alarms();
  runtime_->add(kController, std::move(recovered.controller));
  for (const Arm& alarm : alarms) runtime_->arm(kController, alarm);
  for (uint32_t node = 0; node < nodes_.size(); ++node) {
    if (was_down[node]) continue;
    runtime_->post(kController, Delivery{kEdge, NodeSilent{{node}}});
    watch_for_return(node, 0);
  }
  for (const JobEntry& entry : table_->all()) {
    if (!entry.submitted) runtime_->post(kController, Delivery{kEdge, SubmitJob{&entry.spec}});
  }
}

void ControllerService::open_wire() {
  live::GatewayConfig gateway;
  gateway.server = config_.wire;
  gateway.software = version();
  gateway.run = run_;
  if (config_.tune) config_.tune(gateway);
  live::GatewayEvents events;
  events.admit = [this](const live::Peer& peer) { return admit(peer); };
  events.up = [this](const live::Peer& peer) { up(peer); };
  events.lost = [this](const live::Peer& peer, std::string_view why) { lost(peer, why); };
  events.mail = [this](const live::Peer& peer, const live::Envelope& one) { mail(peer, one); };
  events.answered = [this](const live::Peer&, uint64_t id, bool ok, std::string_view body) {
    answered(id, ok, body);
  };
  events.trouble = [this](std::string_view text) { config_.tell(std::string(text)); };
  gateway_ = std::make_unique<live::Gateway>(std::move(gateway), std::move(events));
}

void ControllerService::start() {
  gateway_->start();
  started_ = true;
}

void ControllerService::work(std::chrono::milliseconds wait) {
  std::this_thread::sleep_for(wait);
  if (runtime_->failure()) std::rethrow_exception(runtime_->failure());
  watch_snapshots();
  std::lock_guard lock(journal_mutex_);
  if (!dirty_) return;
  if (scenario_.live.sync == JournalSync::kNever) {
    journal_->flush();
  } else {
    journal_->sync();
  }
  dirty_ = false;
}

// ---- Journal -----------------------------------------------------------------------------------

// Handed to the operating system before the step, whatever `sync` says: a controller that is killed
// must find what its commands followed from.
void ControllerService::input(Instant at, ActorId to, const Input& input) {
  if (to.place != 0) return;
  std::lock_guard lock(journal_mutex_);
  journal_->input(at, to, input);
  ++inputs_;
  last_input_ = at;
  if (scenario_.live.sync == JournalSync::kAlways) {
    journal_->sync();
  } else {
    journal_->flush();
    dirty_ = true;
  }
}

void ControllerService::note(Instant at, ActorId from, const Note& note) {
  {
    std::lock_guard lock(mutex_);
    table_->note(at, note);
  }
  if (started_ && !config_.wire.news.empty()) tell_watchers(at, note);
  const auto* decision = std::get_if<Decision>(&note);
  if (decision == nullptr) return;
  std::lock_guard lock(journal_mutex_);
  journal_->decision(at, from, *decision);
  dirty_ = true;
}

// News: topics "job.N" and "node.NAME", each with a small JSON object.
void ControllerService::tell_watchers(Instant at, const Note& note) {
  nlohmann::ordered_json news{{"at", unix_seconds(at)}};
  auto tell_job = [&](const JobSpec& spec, const char* state) {
    news["job"] = spec.id.index;
    news["name"] = spec.name;
    news["state"] = state;
    gateway_->publish("job." + std::to_string(spec.id.index), news.dump());
  };
  auto tell_node = [&](NodeId node, const char* state) {
    const std::string& name = plan_.cluster->nodes[node.index].name;
    news["node"] = name;
    news["state"] = state;
    gateway_->publish("node." + name, news.dump());
  };
  if (const auto* arrived = std::get_if<JobArrived>(&note)) tell_job(*arrived->spec, "pending");
  if (const auto* began = std::get_if<AttemptStarted>(&note)) tell_job(*began->spec, "running");
  if (const auto* ended = std::get_if<JobEnded>(&note)) {
    news["exit_code"] = ended->exit_code;
    tell_job(*ended->spec, record::name_of(ended->state));
  }
  if (const auto* down = std::get_if<NodeWentDown>(&note)) tell_node(down->node, "down");
  if (const auto* came_up = std::get_if<NodeCameUp>(&note)) tell_node(came_up->node, "up");
}

// ---- Wire --------------------------------------------------------------------------------------

live::Admission ControllerService::admit(const live::Peer& peer) const {
  if (peer.role != live::Role::kAgent) {
    return {false, 0, "people ask this controller by HTTP; only agents come in here"};
  }
  for (uint32_t node = 0; node < plan_.cluster->size(); ++node) {
    if (plan_.cluster->nodes[node].name == peer.name) return {true, node + 1, ""};
  }
  return {false, 0,
          "the scenario of this controller has no node \"" + peer.name + "\"; its first is \"" +
              plan_.cluster->nodes.front().name + "\""};
}

void ControllerService::up(const live::Peer& peer) {
  if (peer.place == 0) return;
  uint32_t node = peer.place - 1;
  {
    std::lock_guard lock(mutex_);
    peers_[peer.place] = peer.id;
    nodes_[node].connected = true;
    ++nodes_[node].changes;
    nodes_[node].software = peer.software;
  }
  // It may have missed anything: the controller makes sure with its next NodeReady.
  runtime_->post(kController, Delivery{kEdge, NodeSilent{{node}}});
}

void ControllerService::lost(const live::Peer& peer, std::string_view why) {
  if (peer.place == 0) return;
  uint32_t node = peer.place - 1;
  uint64_t changes = 0;
  {
    std::lock_guard lock(mutex_);
    nodes_[node].connected = false;
    nodes_[node].heard = std::chrono::steady_clock::now();
    changes = ++nodes_[node].changes;
  }
  config_.tell("node " + peer.name + " is silent (" + std::string(why) +
               "): it gets nothing new, what runs there goes on");
  runtime_->post(kController, Delivery{kEdge, NodeSilent{{node}}});
  watch_for_return(node, changes);
}

void ControllerService::watch_for_return(uint32_t node, uint64_t changes) {
  runtime_->call_at(runtime_->now() + config_.lost_after, [this, node, changes](Instant) {
    {
      std::lock_guard lock(mutex_);
      if (nodes_[node].connected || nodes_[node].changes != changes) return;
    }
    config_.tell("node " + plan_.cluster->nodes[node].name + " was silent for " +
                 std::to_string(config_.lost_after.ns / 1'000'000'000) +
                 " s and is given up: its jobs start again elsewhere");
    runtime_->post(kController, Delivery{kEdge, NodeLost{{node}}});
  });
}

void ControllerService::mail(const live::Peer& peer, const live::Envelope& envelope) {
  if (envelope.to != kController || peer.place == 0) return;
  runtime_->post(kController, Delivery{envelope.from, envelope.message});
}

void ControllerService::answered(uint64_t id, bool ok, std::string_view body) {
  std::lock_guard lock(questions_mutex_);
  auto found = questions_.find(id);
  if (found == questions_.end()) return;
  if (ok) {
    found->second.set_value(std::string(body));
  } else {
    found->second.set_exception(std::make_exception_ptr(
        live::Refusal("unavailable", "the node's agent: " + std::string(body))));
  }
  questions_.erase(found);
}

std::string ControllerService::ask(uint32_t node, std::string_view what, std::string body) {
  const std::string& name = plan_.cluster->nodes[node].name;
  live::PeerId peer;
  {
    std::lock_guard lock(mutex_);
    auto found = peers_.find(node + 1);
    if (found == peers_.end() || !nodes_[node].connected) {
      throw live::Refusal("unavailable", "the agent of node " + name + " is not connected");
    }
    peer = found->second;
  }
  std::future<std::string> answer;
  {
    // The answer may come before ask() returns.
    std::lock_guard lock(questions_mutex_);
    uint64_t id = gateway_->ask(peer, std::string(what), std::move(body));
    if (id == 0) {
      throw live::Refusal("unavailable", "the agent of node " + name + " has too many questions");
    }
    answer = questions_[id].get_future();
  }
  return answer.get();  // the gateway sees to it that each question ends
}

bool ControllerService::carry(Instant /*now*/, ActorId /*from*/, ActorId to,
                              const Message& message) {
  live::PeerId peer;
  {
    std::lock_guard lock(mutex_);
    auto found = peers_.find(to.place);
    // Nobody is there yet. What matters is said again.
    if (found == peers_.end()) return true;
    peer = found->second;
  }
  gateway_->send(peer, {kController, to, message});
  return true;
}

}  // namespace orrery::cli
