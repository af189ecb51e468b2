#include "cli/replay.hpp"

#include <deque>
#include <map>

#include "actors/container.hpp"
#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/fields.hpp"
#include "actors/node_agent.hpp"
#include "actors/state.hpp"
#include "cli/build.hpp"
#include "cli/live_plan.hpp"
#include "cli/record_folder.hpp"
#include "cli/service/controller_plan.hpp"
#include "cli/service/job_table.hpp"
#include "record/decision_log.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kNothing = "nothing";
constexpr const char* kControllerRuntime = "controller";

bool same(const Decision& a, const Decision& b) {
  return a.spec->id == b.spec->id && a.kind == b.kind && a.reason == b.reason &&
         a.epoch == b.epoch && a.tasks == b.tasks && a.nodes == b.nodes;
}

// The actors of a run, made afresh, and what they have done that the journal has yet to confirm.
class Stage {
 public:
  /// The journal of a controller has no inputs of agents and containers, and a snapshot has only
  /// what the controller remembers.
  explicit Stage(const RunJournal& journal)
      : plan_(journal.plan),
        jobs_(journal.jobs.get()),
        alone_(journal.served() || journal.snapshot),
        check_mail_(!alone_ && journal.plan.network.ideal()) {
    if (journal.snapshot) {
      load(*journal.snapshot);
      return;
    }
    actors_[kController] = new_controller();
    if (alone_) return;
    for (uint32_t node = 0; node < plan_.cluster->size(); ++node) renew(NodeId{node});
  }

  using Difference = ReplayResult::Difference;

  /// Whether that actor is on this stage, or might be.
  bool plays(ActorId actor) const { return !alone_ || actor == kController; }

  std::optional<Difference> input(const record::JournalEntry& entry) {
    // What an actor decided upon its last input is in the journal before its next.
    if (!decided_[entry.actor].empty()) return unexpected(decided_[entry.actor].front());
    if (auto wrong = mail(entry)) return wrong;
    if (boots(entry.input)) renew(node_of(entry.actor));
    auto found = actors_.find(entry.actor);
    if (found == actors_.end()) {
      return Difference{entry.at, entry.actor, describe(entry.input), "no such actor"};
    }
    outbox_.clear();
    found->second->step(entry.at, entry.input, outbox_);
    grant(entry);
    return {};
  }

  std::optional<Difference> decision(const record::JournalEntry& entry) {
    std::string expected = decision_text(*entry.decision);
    auto& decided = decided_[entry.actor];
    if (decided.empty()) return Difference{entry.at, entry.actor, expected, kNothing};
    Decided found = decided.front();
    if (found.at != entry.at || !same(found.decision, *entry.decision)) {
      return Difference{entry.at, entry.actor, expected, decision_text(found.decision)};
    }
    decided.pop_front();
    return {};
  }

  // What the actors remember, held against a snapshot that was made at this place.
  bool remembers(const record::Snapshot& snapshot) const {
    for (const auto& [id, bytes] : snapshot.actors) {
      const auto found = actors_.find(id);
      StateWriter state;
      if (found == actors_.end() || !found->second->save(state) || state.bytes() != bytes) {
        return false;
      }
    }
    StateWriter jobs;
    if (jobs_ != nullptr) jobs_->save(jobs);
    return jobs.bytes() == snapshot.jobs;
  }

  // At the end of a journal that is whole.
  std::optional<Difference> end() const {
    for (const auto& [actor, decided] : decided_) {
      if (!decided.empty()) return unexpected(decided.front());
    }
    return {};
  }

 private:
  struct Decided {
    Instant at;
    ActorId actor;
    Decision decision;
  };

  static Difference unexpected(const Decided& first) {
    return {first.at, first.actor, kNothing, decision_text(first.decision)};
  }

  static bool boots(const Input& input) {
    const auto* report = std::get_if<Report>(&input);
    return report != nullptr && std::holds_alternative<NodeBooted>(*report);
  }

  std::unique_ptr<Actor> new_controller() const {
    return std::make_unique<Controller>(plan_.cluster, *plan_.policy, plan_.controller);
  }

  std::unique_ptr<Actor> new_actor(ActorId id) const {
    if (id == kController) return new_controller();
    if (id.serial > 0) return std::make_unique<Container>();
    return std::make_unique<NodeAgent>(node_of(id), plan_.controller.resend);
  }

  void load(const record::Snapshot& snapshot) {
    const StateReader::SpecOf spec_of = [this](JobId id) -> const JobSpec* {
      if (jobs_ != nullptr) return jobs_->spec(id);
      return id.index < plan_.workload->size() ? &plan_.workload->specs[id.index] : nullptr;
    };
    if (jobs_ != nullptr) {
      StateReader jobs(snapshot.jobs, "the snapshot's table of jobs", nullptr);
      jobs_->load(jobs);
    }
    for (const auto& [id, bytes] : snapshot.actors) {
      StateReader state(bytes, "the snapshot's " + describe(id), spec_of);
      actors_[id] = new_actor(id);
      actors_[id]->load(state);
      state.finish();
    }
  }

  void renew(NodeId node) {
    actors_[agent_of(node)] = std::make_unique<NodeAgent>(node, plan_.controller.resend);
  }

  // Mail between actors must have been sent by the sender's replay, in the order of sending; what
  // was sent to an actor that was gone never arrived.
  std::optional<Difference> mail(const record::JournalEntry& entry) {
    const auto* delivery = std::get_if<Delivery>(&entry.input);
    if (!check_mail_ || delivery == nullptr || !actors_.contains(delivery->from)) return {};
    std::string expected = describe(entry.input);
    auto& sent = sent_[{delivery->from, entry.actor}];
    while (!sent.empty()) {
      std::string found = std::move(sent.front());
      sent.pop_front();
      if (found == expected) return {};
    }
    return Difference{entry.at, entry.actor, expected, "that was not sent"};
  }

  void grant(const record::JournalEntry& entry) {
    for (const Note& note : outbox_.notes()) {
      if (jobs_ != nullptr) jobs_->note(entry.at, note);
      const auto* decision = std::get_if<Decision>(&note);
      if (decision == nullptr) continue;
      decided_[entry.actor].push_back({entry.at, entry.actor, *decision});
    }
    for (const Wish& wish : outbox_.wishes()) {
      if (const auto* spawn = std::get_if<Spawn>(&wish)) {
        actors_[{entry.actor.place, spawn->serial}] = outbox_.take_spawned(*spawn);
      } else if (const auto* send = std::get_if<Send>(&wish); send != nullptr && check_mail_) {
        sent_[{entry.actor, send->to}].push_back(describe(Delivery{entry.actor, send->message}));
      }
    }
  }

  const sim::SimulationPlan& plan_;
  JobTable* const jobs_;  // of a controller
  const bool alone_;      // the controller is, without agents and containers
  const bool check_mail_;
  std::map<ActorId, std::unique_ptr<Actor>> actors_;
  std::map<std::pair<ActorId, ActorId>, std::deque<std::string>> sent_;
  std::map<ActorId, std::deque<Decided>> decided_;
  Outbox outbox_;
};

Scenario scenario_of(const record::JournalHeader& header, const std::filesystem::path& folder,
                     const ReplayOptions& options) {
  Value root = parse_scenario(header.scenario, (folder / "scenario.yaml").string());
  Place place{std::make_shared<const std::string>("--policy " + options.policy), 0, 0};
  if (!options.policy.empty()) choose_policy(root, options.policy, place);
  for (const std::string& set : options.sets) {
    apply_set(root, set);
    expand_shorthands(root);
  }
  return read_scenario(root, JobsFrom::kPeople);  // a controller's run has no workload
}

sim::SimulationPlan plan_of(const Scenario& scenario, const std::string& runtime) {
  InputStore store({RunOrder{scenario.name, scenario, {}, false}});
  std::shared_ptr<const Inputs> inputs = store.load(scenario);
  if (runtime == "live") return make_live_plan(scenario, *inputs);
  return sim::checked(make_plan(scenario, *inputs, /*check=*/false));
}

// The snapshots that stand beside a journal, for a replay that comes by their places.
class Snapshots {
 public:
  /// Those behind `from`. Throws InputError for one that is damaged.
  Snapshots(std::filesystem::path folder, const record::JournalTail& from)
      : folder_(std::move(folder)) {
    for (const uint32_t number : record::snapshots_in(folder_)) {
      const record::JournalTail at = read(number).at;
      if (from < at) ahead_.emplace_back(number, at);
    }
  }

  /// Holds the one that was made at that place, if one was, against the actors.
  void pass(const record::JournalTail& at, const Stage& stage, ReplayResult& result) {
    if (ahead_.empty() || at < ahead_.front().second) return;
    const auto [number, place] = ahead_.front();
    ahead_.pop_front();
    if (at != place) {
      result.difference = differs(number, result.last, "another journal's");
    } else if (!stage.remembers(read(number))) {
      result.difference = differs(number, result.last, "other bytes");
    } else {
      ++result.snapshots;
    }
  }
  /// At the end of a journal that is whole.
  std::optional<ReplayResult::Difference> end(Instant last) const {
    if (ahead_.empty()) return {};
    return differs(ahead_.front().first, last, "a journal that ends before it");
  }

 private:
  record::Snapshot read(uint32_t number) const {
    const std::filesystem::path file = folder_ / record::snapshot_name(number);
    return record::unpack_snapshot(record::read_file(file), file.string());
  }
  static ReplayResult::Difference differs(uint32_t number, Instant at, const char* found) {
    return {at, kController, "the state that " + record::snapshot_name(number) + " has", found};
  }

  std::filesystem::path folder_;
  std::deque<std::pair<uint32_t, record::JournalTail>> ahead_;
};

void feed(RunJournal& journal, Stage& stage, const ReplayOptions& options, ReplayResult& result) {
  record::JournalEntry entry;
  while (journal.next(entry) && !result.difference) {
    if (options.each) options.each(entry);
    if (!stage.plays(entry.actor)) continue;
    if (entry.decision) {
      result.difference = stage.decision(entry);
      if (!result.difference) ++result.decisions;
    } else {
      result.difference = stage.input(entry);
      ++result.inputs;
      result.last = entry.at;
    }
  }
  result.cut_off = journal.reader->cut_off();
  if (!result.difference && !result.cut_off) result.difference = stage.end();
}

// The snapshot that `from` names; none for the journal's start.
std::optional<record::Snapshot> chosen_snapshot(const std::filesystem::path& folder,
                                                const ReplayOptions& options) {
  if (options.from == "start") return {};
  if (!options.policy.empty() || !options.sets.empty()) {
    throw InputError({"--from", 0, 0, "start with another policy or scenario", options.from,
                      "a snapshot is of what the run's own policy has learned"});
  }
  const std::vector<uint32_t> numbers = record::snapshots_in(folder);
  std::string known = "start";
  if (!numbers.empty()) known += ", snapshot";
  for (const uint32_t number : numbers) known += ", snapshot:" + std::to_string(number);
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    const bool named = options.from == "snapshot:" + std::to_string(*number);
    if (!named && options.from != "snapshot") continue;
    const std::filesystem::path file = folder / record::snapshot_name(*number);
    return record::unpack_snapshot(record::read_file(file), file.string());
  }
  throw InputError({"--from", 0, 0, "one of " + known, options.from, ""});
}

}  // namespace

std::string decision_text(const Decision& decision) {
  return std::string(record::name_of(decision.kind)) + " " + decision.spec->name + ": " +
         name_of(decision.reason.code) + " " + std::to_string(decision.reason.a) + " " +
         std::to_string(decision.reason.b) + " (attempt " + std::to_string(decision.epoch) + ", " +
         std::to_string(decision.tasks) + " tasks on " + std::to_string(decision.nodes) + " nodes)";
}

RunJournal open_journal(const std::filesystem::path& folder, const ReplayOptions& options) {
  RunJournal journal;
  if (const auto header = record::journal_header(folder)) journal.header = *header;
  if (record::segments_in(folder).empty()) record::JournalFolder(folder, {});  // says what is not
  if (journal.header.scenario.empty()) return journal;  // cut off within the header
  journal.scenario = scenario_of(journal.header, folder, options);
  journal.snapshot = chosen_snapshot(folder, options);
  if (journal.header.runtime == kControllerRuntime) {
    journal.plan = controller_plan(journal.scenario);
    journal.jobs = std::make_unique<JobTable>(journal.plan.cluster);
  } else {
    journal.plan = plan_of(journal.scenario, journal.header.runtime);
  }
  std::optional<record::JournalTail> place;
  if (journal.snapshot) place = journal.snapshot->at;
  const auto spec_of = [jobs = journal.jobs.get(),
                        workload = journal.plan.workload](JobId id) -> const JobSpec* {
    if (jobs != nullptr) return jobs->spec(id);
    return id.index < workload->size() ? &workload->specs[id.index] : nullptr;
  };
  journal.reader = std::make_unique<record::JournalFolder>(folder, spec_of, place);
  return journal;
}

bool RunJournal::next(record::JournalEntry& entry) {
  while (reader->next(entry)) {
    if (!entry.job) return true;
    if (!served()) {
      throw InputError({"the journal of a run of the runtime " + header.runtime, 0, 0,
                        "inputs and decisions", "a job, as only a controller's has", ""});
    }
    jobs->restore(entry.job_id, *entry.job);
  }
  return false;
}

ReplayResult replay(const std::filesystem::path& folder, const ReplayOptions& options) {
  RunJournal journal = open_journal(folder, options);
  ReplayResult result;
  result.header = journal.header;
  result.cut_off = journal.reader == nullptr;
  if (result.cut_off) return result;
  Stage stage(journal);
  if (journal.snapshot) result.last = journal.snapshot->last;
  std::optional<Snapshots> snapshots;
  if (options.policy.empty() && options.sets.empty()) {
    snapshots.emplace(folder, journal.snapshot ? journal.snapshot->at : record::JournalTail{});
    journal.reader->tell_places(
        [&](const record::JournalTail& at) { snapshots->pass(at, stage, result); });
  }
  feed(journal, stage, options, result);
  if (snapshots && !result.difference && !result.cut_off) {
    result.difference = snapshots->end(result.last);
  }
  return result;
}

}  // namespace orrery::cli
