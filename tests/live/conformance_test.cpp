// The two runtimes agree: the same random scenario, with policies, failures, crashes and bad
// networks, runs in the simulator and in the cells in virtual time, and every actor has the same
// history: the same inputs at the same instants in the same order.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "actors/fields.hpp"
#include "live/runtime.hpp"
#include "tests/sim/random_scenario.hpp"

namespace orrery::live {
namespace {

// The histories of all actors, and how often each kind of input came.
struct Histories {
  struct Line {
    Instant at;
    Input input;
  };
  void add(Instant at, ActorId to, const Input& input) {
    of[to].push_back({at, input});
    digest.add(at, to, input);
  }

  std::map<ActorId, std::vector<Line>> of;
  Digest digest;
};

class SimWatcher final : public sim::Watcher {
 public:
  void input(Instant at, ActorId to, const Input& input) override { histories.add(at, to, input); }
  Histories histories;
};

// The simulator's outside and network, with the cells in place of sim::Runtime.
class CellStage final : public sim::RuntimePort, CommandSink, Tap, Carrier {
 public:
  explicit CellStage(const sim::SimulationPlan& plan)
      : plan_(std::make_shared<const sim::SimulationPlan>(sim::checked(plan))),
        outside_(plan_),
        network_(plan_->network, plan_->seed),
        runtime_({.clock = Clock::kByHand}) {
    runtime_.attach(this, this, this);
    outside_.attach(this, nullptr);
    outside_.begin();
  }

  void run(uint64_t steps) {
    while (runtime_.steps() < steps && runtime_.step()) {
    }
  }
  const Histories& histories() const { return histories_; }
  uint32_t jobs_ended() const { return jobs_ended_; }
  const Runtime& runtime() const { return runtime_; }

 private:
  Instant now() const override { return runtime_.now(); }
  void add(ActorId id, std::unique_ptr<Actor> actor) override {
    runtime_.add(id, std::move(actor));
  }
  void remove_place(uint32_t place) override { runtime_.remove_place(place); }
  void deliver(ActorId to, const Delivery& mail) override { runtime_.post(to, mail); }
  void report(ActorId to, const Report& report) override { runtime_.post(to, report); }
  void post_at(Instant at, ActorId to, const Input& input) override {
    runtime_.post_at(at, to, input);
  }
  void schedule(Instant at, uint8_t kind, uint32_t index, uint64_t stamp) override {
    runtime_.call_at(at, [=, this](Instant now) { outside_.wake(now, kind, index, stamp); });
  }
  void command(Instant now, ActorId from, const Command& command) override {
    outside_.command(now, from, command);
  }
  bool carry(Instant now, ActorId from, ActorId to, const Message& message) override {
    if (network_.ideal()) return false;
    sim::Network::Arrivals arrivals = network_.carry(now, from.place, to.place);
    for (int i = 0; i < arrivals.count; ++i) {
      runtime_.post_at(arrivals.at[i], to, Delivery{from, message});
    }
    return true;
  }
  void input(Instant at, ActorId to, const Input& input) override { histories_.add(at, to, input); }
  void note(Instant /*at*/, ActorId /*from*/, const Note& note) override {
    if (std::holds_alternative<JobEnded>(note)) ++jobs_ended_;
  }

  std::shared_ptr<const sim::SimulationPlan> plan_;
  sim::Outside outside_;
  sim::Network network_;
  Histories histories_;
  uint32_t jobs_ended_ = 0;
  Runtime runtime_;
};

std::string told(const Histories::Line& line) {
  return seconds_text(line.at.ns) + " s: " + describe(line.input);
}

// The first input in which the histories of an actor differ; empty when none does.
std::string difference(const Histories& one, const Histories& two) {
  for (const auto& [actor, lines] : one.of) {
    auto other = two.of.find(actor);
    if (other == two.of.end()) return describe(actor) + " has no history";
    for (size_t i = 0; i < std::max(lines.size(), other->second.size()); ++i) {
      std::string a = i < lines.size() ? told(lines[i]) : "nothing";
      std::string b = i < other->second.size() ? told(other->second[i]) : "nothing";
      if (a != b) return describe(actor) + ", input " + std::to_string(i) + ": " + a + " | " + b;
    }
  }
  return one.of.size() == two.of.size() ? "" : "one has more actors";
}

class Conformance : public testing::TestWithParam<uint64_t> {};

TEST_P(Conformance, EveryActorHasTheSameHistoryInCellsAsInTheSimulator) {
  constexpr uint64_t kEach = 10;
  for (uint64_t seed = GetParam() * kEach; seed < (GetParam() + 1) * kEach; ++seed) {
    sim::test::RandomScenario scenario = sim::test::random_scenario(seed);
    sim::Simulation simulation(scenario.plan, nullptr);
    SimWatcher watcher;
    simulation.set_watcher(&watcher);
    simulation.run();
    ASSERT_GT(simulation.steps(), 0U);
    CellStage cells(scenario.plan);
    cells.run(simulation.steps());
    ASSERT_EQ(difference(watcher.histories, cells.histories()), "")
        << "seed " << seed << ": " << scenario.text;
    // Even the order over all actors is the simulator's.
    ASSERT_EQ(watcher.histories.digest.value(), cells.histories().digest.value())
        << "seed " << seed << ": " << scenario.text;
    ASSERT_EQ(cells.jobs_ended(), simulation.jobs_ended());
    ASSERT_EQ(cells.runtime().failure(), nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Conformance, testing::Range<uint64_t>(0, 10));

}  // namespace
}  // namespace orrery::live
