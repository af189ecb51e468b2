#include "cli/replay.hpp"

#include <deque>
#include <map>

#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/fields.hpp"
#include "actors/node_agent.hpp"
#include "cli/build.hpp"
#include "cli/live_plan.hpp"
#include "cli/record_folder.hpp"
#include "record/decision_log.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kNothing = "nothing";

bool same(const Decision& a, const Decision& b) {
  return a.spec->id == b.spec->id && a.kind == b.kind && a.reason == b.reason &&
         a.epoch == b.epoch && a.tasks == b.tasks && a.nodes == b.nodes;
}

// The actors of a run, made afresh, and what they have done that the journal has yet to confirm.
class Stage {
 public:
  Stage(const sim::SimulationPlan& plan, bool check_mail) : plan_(plan), check_mail_(check_mail) {
    actors_[kController] =
        std::make_unique<Controller>(plan.cluster, *plan.policy, plan.controller);
    for (uint32_t node = 0; node < plan.cluster->size(); ++node) renew(NodeId{node});
  }

  using Difference = ReplayResult::Difference;

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
  return read_scenario(root);
}

sim::SimulationPlan plan_of(const Scenario& scenario, const std::string& runtime) {
  InputStore store({RunOrder{scenario.name, scenario, {}, false}});
  std::shared_ptr<const Inputs> inputs = store.load(scenario);
  if (runtime == "live") return make_live_plan(scenario, *inputs);
  return sim::checked(make_plan(scenario, *inputs, /*check=*/false));
}

void feed(record::JournalReader& journal, Stage& stage, const ReplayOptions& options,
          ReplayResult& result) {
  record::JournalEntry entry;
  while (!result.difference && journal.next(entry)) {
    if (options.each) options.each(entry);
    if (entry.decision) {
      result.difference = stage.decision(entry);
      if (!result.difference) ++result.decisions;
    } else {
      result.difference = stage.input(entry);
      ++result.inputs;
      result.last = entry.at;
    }
  }
  result.cut_off = journal.cut_off();
  if (!result.difference && !result.cut_off) result.difference = stage.end();
}

}  // namespace

std::string decision_text(const Decision& decision) {
  return std::string(record::name_of(decision.kind)) + " " + decision.spec->name + ": " +
         name_of(decision.reason.code) + " " + std::to_string(decision.reason.a) + " " +
         std::to_string(decision.reason.b) + " (attempt " + std::to_string(decision.epoch) + ", " +
         std::to_string(decision.tasks) + " tasks on " + std::to_string(decision.nodes) + " nodes)";
}

RunJournal open_journal(const std::filesystem::path& folder, const ReplayOptions& options) {
  std::filesystem::path file = folder / kJournal;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw InputError({file.string(), 0, 0, "a journal", "none",
                      "orrery live keeps one; orrery sim does with --journal"});
  }
  std::string bytes = record::read_file(file);
  RunJournal journal;
  journal.header = record::JournalReader(bytes, file.string(), nullptr).header();
  if (journal.header.scenario.empty()) return journal;  // cut off within the header
  journal.scenario = scenario_of(journal.header, folder, options);
  journal.plan = plan_of(journal.scenario, journal.header.runtime);
  journal.reader = std::make_unique<record::JournalReader>(std::move(bytes), file.string(),
                                                           journal.plan.workload);
  return journal;
}

ReplayResult replay(const std::filesystem::path& folder, const ReplayOptions& options) {
  RunJournal journal = open_journal(folder, options);
  ReplayResult result;
  result.header = journal.header;
  result.cut_off = journal.reader == nullptr;
  if (result.cut_off) return result;
  Stage stage(journal.plan, journal.plan.network.ideal());
  feed(*journal.reader, stage, options, result);
  return result;
}

}  // namespace orrery::cli
