// State as bytes: actors that were written and read back go on as if nothing had happened, whatever
// the policy, the faults and the network; bytes that are no such state are refused.
#include "actors/state.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "actors/container.hpp"
#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/node_agent.hpp"
#include "tests/sim/random_scenario.hpp"

namespace orrery::sim::test {
namespace {

/// Every note of a run, with all that it says, as one text.
class Told final : public NoteSink {
 public:
  void note(Instant at, const Note& note) override {
    text += "\n" + std::to_string(at.ns) + " " + std::to_string(note.index());
    std::visit([this](const auto& one) { tell(one); }, note);
  }
  std::string text;

 private:
  void say(int64_t number) { text += " " + std::to_string(number); }
  void say(std::span<const Part> parts) {
    for (const Part& part : parts) text += " " + std::to_string(part.node), say(part.gpus.mask);
  }
  void tell(const JobArrived& note) { say(note.spec->id.index); }
  void tell(const Decision& note) {
    say(note.spec->id.index);
    text += " " + sentence(note.reason);
    for (const int64_t n : {int64_t{note.epoch}, int64_t{note.tasks}, int64_t{note.nodes}}) say(n);
  }
  void tell(const AttemptStarted& note) { say(note.spec->id.index), say(note.parts); }
  void tell(const AttemptResized& note) { say(note.spec->id.index), say(note.parts); }
  void tell(const AttemptEnded& note) { say(note.spec->id.index); }
  void tell(const JobEnded& note) {
    say(note.spec->id.index);
    for (const int64_t n : {static_cast<int64_t>(note.state), int64_t{note.attempts}, note.held.ns,
                            int64_t{note.preemptions}, note.first_start.ns}) {
      say(n);
    }
  }
  void tell(const NodeWentDown& note) { say(note.node.index); }
  void tell(const NodeCameUp& note) { say(note.node.index); }
};

StateReader::SpecOf specs_of(const SimulationPlan& plan) {
  return [workload = plan.workload](JobId id) {
    return id.index < workload->size() ? &workload->specs[id.index] : nullptr;
  };
}

std::unique_ptr<Actor> new_actor(const SimulationPlan& plan, ActorId id) {
  if (id == kController) {
    return std::make_unique<Controller>(plan.cluster, *plan.policy, plan.controller);
  }
  if (id.serial > 0) return std::make_unique<Container>();
  return std::make_unique<NodeAgent>(node_of(id), plan.controller.resend);
}

std::string bytes_of(const Actor& actor) {
  StateWriter writer;
  EXPECT_TRUE(actor.save(writer));
  return writer.take();
}

/// Every actor by way of its bytes.
void renew(Simulation& simulation, const SimulationPlan& plan) {
  simulation.renew_actors([&](ActorId id, const Actor& old) {
    const std::string bytes = bytes_of(old);
    std::unique_ptr<Actor> fresh = new_actor(plan, id);
    StateReader reader(bytes, "a state", specs_of(plan));
    fresh->load(reader);
    reader.finish();
    EXPECT_EQ(bytes_of(*fresh), bytes) << "equal states have equal bytes";
    return fresh;
  });
}

/// Every policy that can be composed, one after the other, each in a scenario of its own.
std::vector<PolicyConfig> all_policies() {
  std::vector<PolicyConfig> all;
  for (const NamedPart& order : order_names()) {
    for (const NamedPart& place : placement_names()) {
      for (const NamedPart& backfill : backfill_names()) {
        PolicyConfig policy;
        policy.order = order.name;
        policy.place = place.name;
        policy.backfill = backfill.name;
        policy.preempt = preemption_names()[all.size() % 3].name;
        policy.las_thresholds = "60,300";
        policy.half_life = Duration::seconds(600);
        policy.round = Duration::seconds(60);
        policy.seed = all.size();
        const auto is_possible = [&] {
          try {
            make_policy(policy);
            return true;
          } catch (const InputError&) {
            return false;
          }
        };
        // An order in rounds loses no work; one that moves jobs wants checkpoints.
        if (!is_possible()) policy.preempt = "suspend";
        if (!is_possible()) policy.preempt = "checkpoint";
        if (is_possible()) all.push_back(policy);
      }
    }
  }
  return all;
}

class State : public testing::TestWithParam<size_t> {};

constexpr size_t kBatches = 4;

/// ORRERY_STATE_SEEDS sets how many scenarios there are.
size_t seeds() {
  const char* text = std::getenv("ORRERY_STATE_SEEDS");
  return text == nullptr ? 80 : std::strtoul(text, nullptr, 10);
}

TEST_P(State, OfEveryActorGoesThroughBytesUnnoticed) {
  const std::vector<PolicyConfig> policies = all_policies();
  ASSERT_GT(policies.size(), 200u);
  for (size_t seed = GetParam(); seed < seeds(); seed += kBatches) {
    // A stride without a common divisor: few seeds have all orders, placements and backfills.
    const PolicyConfig& policy = policies[seed * 4 % policies.size()];
    RandomScenario scenario = random_scenario(seed);
    SimulationPlan& plan = scenario.plan;
    plan.policy = make_policy(policy);
    plan.controller.preempt = preemption_mode(policy);
    Random random(seed, 0, "state");
    if (random.below(4) == 0) plan.controller.decide_every = Duration::seconds(7);
    plan = checked(std::move(plan));  // as the simulation makes its actors
    const std::string text = "seed " + std::to_string(seed) + ": " + policy.order + "/" +
                             policy.place + "/" + policy.backfill + "/" + policy.preempt +
                             " instead of " + scenario.text;
    Told whole;
    Simulation undisturbed(plan, &whole);
    undisturbed.run();
    std::set<uint64_t> at;
    for (int i = 0; i < 3; ++i) at.insert(random.below(undisturbed.steps() + 1));
    Told pieces;
    Simulation simulation(plan, &pieces);
    for (const uint64_t step : at) {
      while (simulation.steps() < step && simulation.step()) {
      }
      renew(simulation, plan);
    }
    simulation.run();
    ASSERT_EQ(simulation.digest(), undisturbed.digest()) << text;
    ASSERT_EQ(pieces.text, whole.text) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, State, testing::Range<size_t>(0, kBatches));

/// A controller in the middle of a lossy run under a policy that learns.
struct InTheMiddle {
  InTheMiddle() {
    RandomScenario scenario = random_scenario(1);
    plan = scenario.plan;
    PolicyConfig policy;
    policy.order = "qssf";
    policy.place = "fgd";
    policy.backfill = "conservative";
    plan.policy = make_policy(policy);
    Simulation whole(plan, nullptr);
    whole.run();
    Simulation half(plan, nullptr);
    while (half.steps() < whole.steps() / 2) half.step();
    bytes = bytes_of(half.controller_state());
  }
  void load(const std::string& from, const SimulationPlan& with) const {
    Controller controller(with.cluster, *with.policy, with.controller);
    StateReader reader(from, "a state", specs_of(plan));
    controller.load(reader);
    reader.finish();
  }
  SimulationPlan plan;
  std::string bytes;
};

TEST(StateBytes, ThatAreCutAnywhereAreRefused) {
  const InTheMiddle middle;
  EXPECT_NO_THROW(middle.load(middle.bytes, middle.plan));
  for (size_t size = 0; size < middle.bytes.size(); size += 1 + size / 50) {
    EXPECT_THROW(middle.load(middle.bytes.substr(0, size), middle.plan), InputError) << size;
  }
  EXPECT_THROW(middle.load(middle.bytes + '\0', middle.plan), InputError);
}

TEST(StateBytes, ThatWereChangedAreRefusedOrRead) {
  const InTheMiddle middle;
  Random random(3, 0, "flips");
  size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string changed = middle.bytes;
    for (uint64_t flips = 1 + random.below(3); flips > 0; --flips) {
      char& byte = changed[random.below(changed.size())];
      byte = static_cast<char>(byte ^ (1 << random.below(8)));
    }
    try {
      middle.load(changed, middle.plan);
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 40u);  // a file of them has a hash besides
}

TEST(StateBytes, OfAnotherPolicyOrClusterAreRefusedWithWhatToDo) {
  const InTheMiddle middle;
  SimulationPlan other = middle.plan;
  PolicyConfig policy;
  policy.order = "qssf";
  other.policy = make_policy(policy);
  try {
    middle.load(middle.bytes, other);
    ADD_FAILURE() << "a policy without scores has taken the state of one with scores";
  } catch (const InputError& error) {
    EXPECT_EQ(error.details().where, "a state");
    EXPECT_NE(error.details().hint.find("journal's start"), std::string::npos);
  }
  other = middle.plan;
  auto cluster = std::make_shared<ClusterSpec>(*other.cluster);
  cluster->nodes.push_back(cluster->nodes.front());
  other.cluster = cluster;
  EXPECT_THROW(middle.load(middle.bytes, other), InputError);
}

/// What an earlier and a later version of a class remember.
struct Earlier {
  uint32_t count = 7;
  std::vector<Instant> seen;
  static void members(auto& self, auto& state) {
    auto& [count, seen] = self;
    state(count, seen);
  }
};
struct Later {
  uint32_t count = 0;
  std::vector<std::pair<Instant, bool>> seen;
  static void members(auto& self, auto& state) {
    auto& [count, seen] = self;
    state(count, seen);
  }
};

TEST(StateBytes, OfAnotherVersionAreRefusedByTheirLayout) {
  StateWriter writer;
  writer.object(Earlier{});
  const std::string bytes = writer.take();
  Earlier same{0, {}};
  StateReader(bytes, "a state", nullptr).object(same);
  EXPECT_EQ(same.count, 7u);
  Later later;  // although not a byte of the list is there to tell
  EXPECT_THROW(StateReader(bytes, "a state", nullptr).object(later), InputError);
}

TEST(StateBytes, AreTheSameOnEveryMachine) {
  StateWriter writer;
  writer(uint32_t{0x01020304}, int16_t{-2}, true, 1.5, std::string("ab"), JobId{5});
  EXPECT_EQ(writer.bytes(), std::string("\4\3\2\1\xfe\xff\1\0\0\0\0\0\0\xf8\x3f", 15) +
                                std::string("\2\0\0\0\0\0\0\0ab\5\0\0\0", 14));
}

}  // namespace
}  // namespace orrery::sim::test
