// The kernel alone: timers, mail, memory; no cluster and no policy.
//
// A bare heap loop is the yardstick: std::priority_queue with the same delays and nothing else to
// do. Kernel and heap take turns in short stretches, so that whatever else the machine does hits
// both alike.

#include <benchmark/benchmark.h>
#include <cstdint>
#include <malloc.h>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "sim/runtime.hpp"

namespace orrery::bench {
namespace {

constexpr int kStretch = 100'000;  // steps
constexpr int kStretches = 20;     // of each in an iteration

/// Delays from 1 ns to about 1 ms: xorshift64 (Marsaglia 2003), one stream an actor.
class Delays {
 public:
  explicit Delays(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  int64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<int64_t>(state_ >> 44) + 1;
  }

 private:
  uint64_t state_;
};

/// Always has one timer armed.
class Sleeper final : public Actor {
 public:
  explicit Sleeper(uint64_t seed) : delays_(seed) {}
  void step(Instant now, const Input&, Outbox& out) override {
    out.arm(0, now + Duration{delays_.next()});
  }
  std::unique_ptr<Actor> clone() const override { return std::make_unique<Sleeper>(*this); }

 private:
  Delays delays_;
};

/// Answers every mail at once.
class Player final : public Actor {
 public:
  void step(Instant, const Input& input, Outbox& out) override {
    out.send(std::get<Delivery>(input).from, Welcome{});
  }
  std::unique_ptr<Actor> clone() const override { return std::make_unique<Player>(*this); }
};

/// Sixteen a place, as containers on a node.
ActorId sleeper(uint32_t index) { return {index / 16, index % 16}; }

sim::Runtime sleepers(uint32_t count) {
  sim::Runtime runtime({}, 1);
  for (uint32_t i = 0; i < count; ++i) {
    runtime.add(sleeper(i), std::make_unique<Sleeper>(i));
    runtime.post(sleeper(i), Delivery{kController, Welcome{}});
  }
  return runtime;
}

/// The yardstick.
class HeapLoop {
 public:
  explicit HeapLoop(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      delays_.emplace_back(i);
      heap_.push({delays_.back().next(), sequence_++, i});
    }
  }
  void step() {
    Entry least = heap_.top();
    heap_.pop();
    heap_.push({least.at + delays_[least.index].next(), sequence_++, least.index});
  }
  int64_t now() const { return heap_.top().at; }

 private:
  struct Entry {
    int64_t at;
    uint64_t sequence;
    uint32_t index;
    bool operator<(const Entry& o) const {
      return at != o.at ? at > o.at : sequence > o.sequence;  // the top is the greatest
    }
  };
  std::priority_queue<Entry> heap_;
  std::vector<Delays> delays_;
  uint64_t sequence_ = 0;
};

void timers(benchmark::State& state, uint32_t pending) {
  sim::Runtime runtime = sleepers(pending);
  HeapLoop heap(pending);
  for (uint32_t i = 0; i < 2 * pending; ++i) runtime.step();
  double kernel_s = 0;
  double heap_s = 0;
  for (auto _ : state) {
    double before = kernel_s;
    for (int stretch = 0; stretch < kStretches; ++stretch) {
      double start = cpu_seconds();
      for (int i = 0; i < kStretch; ++i) runtime.step();
      double middle = cpu_seconds();
      for (int i = 0; i < kStretch; ++i) heap.step();
      benchmark::DoNotOptimize(heap.now());
      kernel_s += middle - start;
      heap_s += cpu_seconds() - middle;
    }
    state.SetIterationTime(kernel_s - before);
  }
  double steps = static_cast<double>(state.iterations()) * kStretches * kStretch;
  state.counters["Msteps_per_s"] = steps / kernel_s / 1e6;
  state.counters["heap_Msteps_per_s"] = steps / heap_s / 1e6;
  state.counters["times_heap"] = kernel_s / heap_s;
}

/// Mail to and fro within one instant, while 10,000 timers are pending.
void mail(benchmark::State& state) {
  constexpr uint32_t kPending = 10'000;
  sim::Runtime runtime = sleepers(kPending);
  for (uint32_t i = 0; i < kPending; ++i) runtime.step();
  ActorId one{kPending, 0};
  ActorId other{kPending + 1, 0};
  runtime.add(one, std::make_unique<Player>());
  runtime.add(other, std::make_unique<Player>());
  runtime.post(one, Delivery{other, Welcome{}});
  double seconds = 0;
  for (auto _ : state) {
    double start = cpu_seconds();
    for (int i = 0; i < kStretches * kStretch; ++i) runtime.step();
    double took = cpu_seconds() - start;
    state.SetIterationTime(took);
    seconds += took;
  }
  double steps = static_cast<double>(state.iterations()) * kStretches * kStretch;
  state.counters["Msteps_per_s"] = steps / seconds / 1e6;
}

size_t heap_bytes() {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// What an actor costs in memory beside its own members: its cell and its place.
void actor_memory(benchmark::State& state) {
  constexpr uint32_t kActors = 100'000;
  double bytes = 0;
  for (auto _ : state) {
    size_t before = heap_bytes();
    sim::Runtime runtime({}, 1);
    for (uint32_t i = 0; i < kActors; ++i) runtime.add({0, i}, std::make_unique<Player>());
    bytes = static_cast<double>(heap_bytes() - before) / kActors;
  }
  state.counters["bytes_per_actor"] = bytes;
}

void register_all() {
  for (uint32_t pending : {1'000u, 10'000u, 100'000u}) {
    benchmark::RegisterBenchmark(("timers/" + std::to_string(pending)).c_str(), timers, pending)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::RegisterBenchmark("mail", mail)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("actor_memory", actor_memory)->Iterations(1);
}

const std::vector<Budget> kBudgets = {
    {"timers, 10,000 pending", "timers/10000", "Msteps_per_s", 10, "Msteps/s", true},
    {"the same as a multiple of a bare heap loop's time", "timers/10000", "times_heap", 2, "times"},
    {"mail within an instant, 10,000 timers pending", "mail", "Msteps_per_s", 10, "Msteps/s", true},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  orrery::bench::register_all();
  return orrery::bench::run(argc, argv, orrery::bench::kBudgets);
}
