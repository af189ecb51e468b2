// NodeAgent alone: whatever the network does to the controller's mail, no part starts twice.
#include "actors/node_agent.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "actors/random.hpp"

namespace orrery {
namespace {

constexpr NodeId kNode{0};
constexpr uint32_t kPlace = 1;

using Key = std::tuple<uint32_t, Epoch, uint32_t>;  // job, epoch, part

/// The agent between a controller that sends over a network that loses, doubles and reorders, and
/// containers that answer in their own time. It counts the starts of each part.
class Site {
 public:
  explicit Site(uint64_t seed) : random_(seed, 0, "node agent"), specs_(kJobs) {
    for (uint32_t job = 0; job < kJobs; ++job) {
      specs_[job].id = {job};
      orders_[job].epoch = 0;
      begin(job);
    }
  }

  /// One thing happens: a mail comes, a container gets on, or the controller repeats itself.
  void step() {
    ++now_.ns;
    switch (random_.below(4)) {
      case 0: return random_.below(3) == 0 ? repeat() : get_on();
      case 1: return get_on();
      default: return arrive();
    }
  }

  /// Without any more losses everything comes to its end.
  void settle() {
    calm_ = true;
    for (int i = 0; i < 400 && !all_done(); ++i) {
      for (int k = 0; k < 200; ++k) {
        arrive();
        get_on();
      }
      repeat();
      expire();
    }
  }

  bool all_done() const {
    return std::all_of(orders_.begin(), orders_.end(), [](const auto& order) {
      return order.second.epoch == kEpochs && order.second.ended;
    });
  }
  const std::map<Key, int>& starts() const { return starts_; }
  std::string fault;

 private:
  static constexpr uint32_t kJobs = 6;
  static constexpr Epoch kEpochs = 5;

  /// What the controller wants of a job here.
  struct Order {
    Epoch epoch = 0;
    bool started = false;
    bool ended = false;
    std::optional<StopMode> stop;
  };
  struct Box {
    Key key;
    bool serves = false;  ///< a part; else it waits for one
    bool running = false;
    bool suspended = false;
    std::optional<ExitCause> leaving;
  };

  void begin(uint32_t job) {
    Order& order = orders_[job];
    ++order.epoch;
    order.started = order.ended = false;
    order.stop.reset();
    post(start_of(job));
  }
  StartTask start_of(uint32_t job) { return {&specs_[job], orders_[job].epoch, 0, 1, 1, 0, {}}; }

  /// Puts up to three copies of a mail on the way, or none.
  void post(const Message& message) {
    uint64_t copies = calm_ ? 1 : random_.below(4);
    for (uint64_t i = 0; i < copies; ++i) on_the_way_.push_back(message);
  }

  /// The controller sends again what has not been answered, and now and then stops a job.
  void repeat() {
    for (auto& [job, order] : orders_) {
      if (order.ended) continue;
      if (!order.stop && random_.below(3) == 0) {
        order.stop = random_.below(2) == 0 ? StopMode::kKill : StopMode::kSuspend;
      }
      if (order.stop) {
        post(StopTask{{job}, order.epoch, 0, *order.stop});
      } else if (!order.started) {
        post(start_of(job));
      }
    }
  }

  void arrive() {
    if (on_the_way_.empty()) return;
    std::swap(on_the_way_[random_.below(on_the_way_.size())], on_the_way_.back());
    Message message = on_the_way_.back();
    // Sometimes a copy stays on the way, to come much later.
    if (calm_ || random_.below(5) != 0) on_the_way_.pop_back();
    hand(Delivery{kController, message});
  }

  void expire() { hand(Expiry{0}); }

  /// Gives the agent an input and grants its wishes.
  void hand(const Input& input) {
    Outbox out;
    agent_.step(now_, input, out);
    for (const Wish& wish : out.wishes()) {
      if (const auto* spawn = std::get_if<Spawn>(&wish)) {
        if (boxes_.contains(spawn->serial)) fault = "a serial in use was given away";
        boxes_[spawn->serial] = {};
      } else if (const auto* send = std::get_if<Send>(&wish)) {
        if (send->to == kController) {
          hear(send->message);
        } else {
          tell(send->to.serial, send->message);
        }
      }
    }
  }

  /// A container gets mail from the agent.
  void tell(uint32_t serial, const Message& message) {
    if (!boxes_.contains(serial)) {
      fault = "mail to a container that is not there";
      return;
    }
    Box& box = boxes_[serial];
    if (const auto* start = std::get_if<StartTask>(&message)) {
      const Key key{start->spec->id.index, start->epoch, start->part};
      if (box.serves && box.key == key) {  // the agent asks once more
        if (box.running && !box.leaving)
          hear(TaskStarted{{std::get<0>(key)}, std::get<1>(key), std::get<2>(key)});
        return;
      }
      if (box.serves && !box.suspended) fault = "a container in use was given away";
      box = {key, true, false, false, {}};
      ++starts_[box.key];
    } else if (const auto* stop = std::get_if<StopTask>(&message)) {
      if (!box.serves) fault = "a container that serves nothing was stopped";
      if (box.leaving) return;
      box.leaving = stop->mode == StopMode::kSuspend ? ExitCause::kSuspended : ExitCause::kStopped;
      box.suspended = false;
    }
  }

  /// Some container runs, or ends, and says so.
  void get_on() {
    if (boxes_.empty()) return;
    auto at = std::next(boxes_.begin(), static_cast<std::ptrdiff_t>(random_.below(boxes_.size())));
    auto& [serial, box] = *at;
    auto [job, epoch, part] = box.key;
    if (!box.serves || box.suspended) return;
    ActorId from{kPlace, serial};
    if (!box.running && !box.leaving) {
      box.running = true;
      return hear(TaskStarted{{job}, epoch, part});
    }
    ExitCause cause = box.leaving.value_or(ExitCause::kDone);
    box.suspended = cause == ExitCause::kSuspended;
    box.serves = box.suspended;
    box.leaving.reset();
    hand(Delivery{from, TaskEnded{{job}, epoch, part, cause, 0}});
  }

  /// The controller hears from the agent, sooner or later: never before it has been said.
  void hear(const Message& message) {
    if (!calm_ && random_.below(4) == 0) return;  // lost
    if (const auto* started = std::get_if<TaskStarted>(&message)) {
      Order& order = orders_[started->job.index];
      order.started = order.started || order.epoch == started->epoch;
    } else if (const auto* ended = std::get_if<TaskEnded>(&message)) {
      if (ended->cause != ExitCause::kSuspended) {
        post(EndSeen{ended->job, ended->epoch, ended->part});
      }
      Order& order = orders_[ended->job.index];
      if (order.epoch != ended->epoch || order.ended) return;
      order.ended = true;
      if (order.epoch < kEpochs) begin(ended->job.index);
    }
  }

  Random random_;
  NodeAgent agent_{kNode, Duration::seconds(1)};
  Instant now_;
  std::vector<JobSpec> specs_;
  std::map<uint32_t, Order> orders_;
  std::vector<Message> on_the_way_;
  std::map<uint32_t, Box> boxes_;
  std::map<Key, int> starts_;
  bool calm_ = false;
};

TEST(NodeAgent, NeverStartsAPartTwiceWhateverTheNetworkDoes) {
  size_t parts = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Site site(seed);
    for (int i = 0; i < 600; ++i) site.step();
    site.settle();
    ASSERT_EQ(site.fault, "") << "seed " << seed;
    ASSERT_TRUE(site.all_done()) << "seed " << seed;
    for (const auto& [key, starts] : site.starts()) {
      ASSERT_EQ(starts, 1) << "seed " << seed << ": job " << std::get<0>(key) << " attempt "
                           << std::get<1>(key);
      ++parts;
    }
  }
  EXPECT_GT(parts, 3000u);  // else this says nothing
}

/// What an agent does with one input: how many containers it makes, and its mail to the controller.
struct Answer {
  size_t spawned = 0;
  std::vector<Message> mail;
};
Answer answer(NodeAgent& agent, const Input& input) {
  Outbox out;
  agent.step({}, input, out);
  Answer result;
  for (const Wish& wish : out.wishes()) {
    if (std::holds_alternative<Spawn>(wish)) ++result.spawned;
    const auto* send = std::get_if<Send>(&wish);
    if (send != nullptr && send->to == kController) result.mail.push_back(send->message);
  }
  return result;
}

TEST(NodeAgent, IgnoresAStartThatWasMeantForAnEarlierBoot) {
  JobSpec spec;
  spec.id = {3};
  NodeAgent agent(kNode, {});
  Answer ready = answer(agent, NodeBooted{kNode, 2});
  ASSERT_EQ(ready.mail.size(), 1u);
  EXPECT_EQ(std::get<NodeReady>(ready.mail[0]).boot, 2u);
  StartTask start{&spec, 1, 0, 1, 1, 1, {}};
  EXPECT_EQ(answer(agent, Delivery{kController, start}).spawned, 0u);
  start.boot = 2;
  EXPECT_EQ(answer(agent, Delivery{kController, start}).spawned, 1u);
}

TEST(NodeAgent, AnswersAStopOfWhatItDoesNotHaveAndThenRefusesItsStart) {
  JobSpec spec;
  spec.id = {3};
  NodeAgent agent(kNode, Duration::seconds(1));
  Answer stopped = answer(agent, Delivery{kController, StopTask{{3}, 1, 0, StopMode::kKill}});
  ASSERT_EQ(stopped.mail.size(), 1u);
  EXPECT_EQ(std::get<TaskEnded>(stopped.mail[0]).cause, ExitCause::kStopped);
  // The start was overtaken by its own stop.
  EXPECT_EQ(answer(agent, Delivery{kController, StartTask{&spec, 1, 0, 1, 1, 0, {}}}).spawned, 0u);
}

TEST(NodeAgent, RepeatsAnEndUntilItIsConfirmed) {
  JobSpec spec;
  spec.id = {3};
  NodeAgent agent(kNode, Duration::seconds(1));
  ASSERT_EQ(answer(agent, Delivery{kController, StartTask{&spec, 1, 0, 1, 1, 0, {}}}).spawned, 1u);
  Delivery end{{kPlace, 1}, TaskEnded{{3}, 1, 0, ExitCause::kDone, 0}};
  EXPECT_EQ(answer(agent, end).mail.size(), 1u);
  EXPECT_EQ(answer(agent, Expiry{0}).mail.size(), 1u);
  EXPECT_EQ(answer(agent, Expiry{0}).mail.size(), 1u);
  answer(agent, Delivery{kController, EndSeen{{3}, 1, 0}});
  EXPECT_EQ(answer(agent, Expiry{0}).mail.size(), 0u);
}

TEST(NodeAgent, GreetsUntilItIsWelcome) {
  NodeAgent agent(kNode, Duration::seconds(1));
  EXPECT_EQ(answer(agent, NodeBooted{kNode, 1}).mail.size(), 1u);
  EXPECT_EQ(answer(agent, Expiry{0}).mail.size(), 1u);
  answer(agent, Delivery{kController, Welcome{kNode}});
  EXPECT_EQ(answer(agent, Expiry{0}).mail.size(), 0u);
}

TEST(NodeAgent, ACloneGoesOnAlike) {
  JobSpec spec;
  spec.id = {3};
  NodeAgent agent(kNode, Duration::seconds(1));
  Delivery start{kController, StartTask{&spec, 1, 0, 1, 1, 0, {}}};
  answer(agent, start);
  std::unique_ptr<Actor> clone = agent.clone();
  EXPECT_EQ(answer(static_cast<NodeAgent&>(*clone), start).spawned, 0u);  // it knows the part
  NodeAgent fresh(kNode, Duration::seconds(1));
  EXPECT_EQ(answer(fresh, start).spawned, 1u);
}

}  // namespace
}  // namespace orrery
