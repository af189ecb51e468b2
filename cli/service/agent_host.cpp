#include "cli/service/agent_host.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "actors/node_agent.hpp"
#include "cli/command.hpp"
#include "cli/service/questions.hpp"
#include "cli/service/serving_notes.hpp"
#include "cli/service/state_folder.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kStateFile = "agent.json";

// A late copy of an order may still name one of so many jobs that ended last.
constexpr size_t kSpecsKept = 1024;

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// When the machine booted, in seconds since 1970: rises from boot to boot without being kept.
uint32_t boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    uint64_t seconds = 0;
    if (word == "btime" && file >> seconds) return static_cast<uint32_t>(seconds);
  }
  return 1;
}

// Several agents may share a machine, each with containers of its own.
std::string driver_run(const AgentNode& node, const std::string& run) {
  return run + "." + node.link.name;
}

}  // namespace

struct AgentHost::Node {
  Node(const AgentNode& node) : about(node), folder(node.state) {}

  const AgentNode about;
  StateFolder folder;
  live::PeerId peer;
  uint32_t place = 0;  // 0 until the controller has let it in
  bool open = false;
  std::string run;
  std::unique_ptr<live::Driver> driver;
  std::unique_ptr<live::Bridge> bridge;
};

AgentHost::AgentHost(AgentConfig config) : config_(std::move(config)) {
  live::GatewayConfig gateway;
  gateway.catalogue = &catalogue_;
  gateway.software = version();
  for (const AgentNode& node : config_.nodes) {
    nodes_.push_back(std::make_unique<Node>(node));
    record::make_folder(nodes_.back()->folder / "logs");
    gateway.links.push_back(node.link);
  }
  if (config_.tune) config_.tune(gateway);
  live::GatewayEvents events;
  events.up = [this](const live::Peer& peer) { on_up(peer); };
  events.mail = [this](const live::Peer& peer, const live::Envelope& mail) { on_mail(peer, mail); };
  events.lost = [this](const live::Peer&, std::string_view why) {
    config_.tell("lost the controller: " + std::string(why) + "; containers run on");
  };
  events.asked = [this](const live::Peer& peer, uint64_t id, std::string_view what,
                        std::string_view body) { on_asked(peer, id, what, body); };
  events.trouble = [this](std::string_view text) { config_.tell(std::string(text)); };
  gateway_ = std::make_unique<live::Gateway>(std::move(gateway), std::move(events));
  for (size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->peer = gateway_->link(i);
  runtime_ = std::make_unique<live::Runtime>(live::RuntimeOptions{.threads = config_.threads});
  runtime_->attach(this, this, this);
}

AgentHost::~AgentHost() {
  gateway_->stop();
  runtime_->stop();
  for (auto& node : nodes_) {
    if (node->bridge) node->bridge->close();
  }
}

void AgentHost::start() { gateway_->start(); }

size_t AgentHost::ready() const {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->open; }));
}

// ---- What the gateway's and the actors' threads tell -------------------------------------------

void AgentHost::push(Event event) {
  std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  changed_.notify_one();
}

void AgentHost::on_up(const live::Peer& peer) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->peer == peer.id) push({Event::Kind::kUp, i, peer, {}});
  }
}

AgentHost::Node* AgentHost::node_at(uint32_t place) {
  std::lock_guard lock(mutex_);
  return place < by_place_.size() ? by_place_[place] : nullptr;
}

// Mail that comes before the node's containers are known is said again by its sender.
void AgentHost::on_mail(const live::Peer& peer, const live::Envelope& envelope) {
  Node* node = node_at(envelope.to.place);
  if (node == nullptr || !(node->peer == peer.id)) return;
  runtime_->post(envelope.to, Delivery{envelope.from, envelope.message});
}

void AgentHost::on_asked(const live::Peer& peer, uint64_t id, std::string_view what,
                         std::string_view body) {
  Node* node = nullptr;
  for (auto& one : nodes_) {
    if (one->peer == peer.id) node = node_at(one->place);
  }
  std::string answer;
  bool ok = false;
  try {
    if (node == nullptr) {
      answer = "the node is not ready yet";
    } else if (what == kAskLog) {
      answer = log_answer(LogQuestion::parse(body), node->folder / "logs",
                          [&](const live::ContainerKey& key) { return node->bridge->runs(key); });
      ok = true;
    } else if (what == kAskInventory) {
      answer = inventory_answer(node->driver->list());
      ok = true;
    } else {
      answer = "this agent does not know what \"" + std::string(what) + "\" asks";
    }
  } catch (const std::exception& error) {
    answer = error.what();
  }
  gateway_->answer(peer.id, id, ok, std::move(answer));
}

void AgentHost::input(Instant /*at*/, ActorId to, const Input& input) {
  const auto* mail = std::get_if<Delivery>(&input);
  const auto* seen = mail == nullptr ? nullptr : std::get_if<EndSeen>(&mail->message);
  if (seen == nullptr || to.serial != 0) return;
  Event event{Event::Kind::kEndSeen, 0, {}, *seen};
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].get() == node_at(to.place)) event.node = i;
  }
  push(std::move(event));
}

void AgentHost::command(Instant now, ActorId from, const Command& command) {
  if (Node* node = node_at(from.place)) node->bridge->command(now, from, command);
}

bool AgentHost::carry(Instant /*now*/, ActorId from, ActorId to, const Message& message) {
  if (Node* node = node_at(from.place)) gateway_->send(node->peer, {from, to, message});
  return true;
}

// ---- What the host's own thread does -----------------------------------------------------------

void AgentHost::work(std::chrono::milliseconds wait) {
  std::deque<Event> events;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [this] { return !events_.empty(); });
    events.swap(events_);
  }
  if (runtime_->failure()) std::rethrow_exception(runtime_->failure());
  for (const Event& event : events) {
    Node& node = *nodes_[event.node];
    if (event.kind == Event::Kind::kUp) {
      up(node, event.controller);
    } else {
      end_seen(node, event.end);
    }
  }
}

void AgentHost::up(Node& node, const live::Peer& controller) {
  const std::string& name = node.about.link.name;
  if (!node.open) {
    node.place = controller.place;
    open(node, controller.run);
    config_.tell("node " + name + " serves " + controller.run);
    return;
  }
  if (controller.run != node.run || controller.place != node.place) {
    throw EnvironmentError("node " + name + " serves " + node.run + " as node " +
                           std::to_string(node.place - 1) + " and the controller is now that of " +
                           controller.run + ", node " + std::to_string(controller.place - 1) +
                           "; start the agent again");
  }
  runtime_->post(agent_of(node_of({node.place, 0})), Report{Reconnected{node_of({node.place, 0})}});
}

void AgentHost::open(Node& node, const std::string& run) {
  uint32_t boot = boot_time();
  bool same_boot = false;
  std::string text = node.folder.read(kStateFile);
  std::string kept_run = run;
  try {
    if (!text.empty()) {
      auto kept = nlohmann::json::parse(text);
      same_boot = kept.at("boot_id").get<std::string>() == boot_id();
      uint32_t last = kept.at("boot").get<uint32_t>();
      boot = same_boot ? last : std::max(boot, last + 1);
      kept_run = kept.at("run").get<std::string>();
    }
  } catch (const nlohmann::json::exception& error) {
    throw EnvironmentError((node.folder / kStateFile).string() + " is damaged (" + error.what() +
                           "); where no container of this node runs, remove it");
  }
  node.driver = config_.make_driver(node.about, driver_run(node.about, kept_run));
  node.bridge = std::make_unique<live::Bridge>(
      *node.driver, [this, &node](const StartTask& what, NodeId) { return order(node, what); },
      config_.grace);
  const StateFolder& folder = node.folder;
  node.bridge->remember(same_boot ? read_serving(folder) : live::Bridge::ServingNotes{},
                        [&folder](const auto& notes) { keep_serving(folder, notes); });
  node.bridge->open(*runtime_, config_.tell);
  std::vector<live::ServingFound> found = node.bridge->found();
  if (kept_run != run) {
    if (!found.empty()) {
      throw EnvironmentError("this node has " + std::to_string(found.size()) +
                             " containers of run " + kept_run + ", and the controller is that of " +
                             run + "; let that run's controller end them, or remove " +
                             (node.folder / kStateFile).string() + " and the containers");
    }
    node.bridge->close();
    node.folder.write(kStateFile, "");
    return open(node, run);
  }
  nlohmann::ordered_json kept{{"run", run}, {"boot_id", boot_id()}, {"boot", boot}};
  node.folder.write(kStateFile, kept.dump() + "\n");
  ActorId agent = agent_of(node_of({node.place, 0}));
  runtime_->add(agent, std::make_unique<NodeAgent>(node_of(agent), config_.resend));
  {
    std::lock_guard lock(mutex_);
    if (by_place_.size() <= node.place) by_place_.resize(node.place + 1);
    by_place_[node.place] = &node;
    node.open = true;
  }
  node.run = run;
  for (const auto& [key, epoch, frozen] : found) {
    // What an earlier boot has left is over, and its controller hears of the boot instead.
    if (same_boot) {
      runtime_->post(agent, Report{ContainerAdopted{key.job, epoch, key.part, frozen}});
    } else {
      node.driver->stop(key, StopMode::kKill, {});
      node.driver->forget(key);
    }
  }
  runtime_->post(agent, Report{NodeBooted{node_of(agent), boot}});
}

void AgentHost::end_seen(Node& node, const EndSeen& end) {
  node.bridge->forget(ContainerExited{end.job, end.epoch, end.part, ExitCause::kDone, 0});
  over_.push_back(end.job);
  if (over_.size() <= kSpecsKept) return;
  JobId old = over_.front();
  over_.pop_front();
  bool in_use = std::find(over_.begin(), over_.end(), old) != over_.end();
  for (const auto& other : nodes_) in_use = in_use || (other->bridge && other->bridge->has(old));
  if (!in_use) catalogue_.forget(old);
}

live::ContainerOrder AgentHost::order(const Node& node, const StartTask& what) const {
  const JobSpec& spec = *what.spec;
  live::ContainerOrder order;
  order.run = driver_run(node.about, node.run);
  order.job_name = spec.name;
  if (spec.launch != nullptr) {
    order.image = spec.launch->image;
    order.command = spec.launch->command;
    order.directory = spec.launch->directory;
    for (const std::string& variable : spec.launch->environment) {
      size_t at = variable.find('=');
      if (at != std::string::npos) {
        order.environment[variable.substr(0, at)] = variable.substr(at + 1);
      }
    }
  }
  order.environment["ORRERY_JOB"] = spec.name;
  order.environment["ORRERY_JOB_ID"] = std::to_string(spec.id.index);
  order.environment["ORRERY_ATTEMPT"] = std::to_string(what.epoch);
  order.environment["ORRERY_PART"] = std::to_string(what.part);
  order.environment["ORRERY_PARTS"] = std::to_string(what.parts);
  order.environment["ORRERY_TASKS"] = std::to_string(what.tasks);
  order.environment["ORRERY_NODE"] = node.about.link.name;
  order.log = node.folder.path() / "logs" / log_name({spec.id, what.epoch, what.part});
  for (size_t gpu = 0; what.gpus.count() > 0 && gpu < config_.gpus.size(); ++gpu) {
    if ((what.gpus.mask >> gpu & 1u) != 0) order.gpus.push_back(config_.gpus[gpu]);
  }
  if (config_.limits) {
    order.limits.cpu_milli = spec.each.cpu_milli * what.tasks;
    if (spec.each.memory_mib > 0) {
      order.limits.memory_bytes = spec.each.memory_mib * int64_t{what.tasks} << 20;
    }
  }
  return order;
}

}  // namespace orrery::cli
