// What lets a pass look at ten thousand jobs: shortcuts that may never change what is decided.
#include "policies/misfits.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <vector>

#include "actors/cluster.hpp"
#include "policies/placement.hpp"
#include "policies/profile.hpp"

namespace orrery {
namespace {

TaskDemand any_demand() {
  TaskDemand demand;
  demand.cpu_milli = *rc::gen::inRange<int64_t>(0, 5) * 1000;
  demand.memory_mib = *rc::gen::inRange<int64_t>(0, 4) * 1024;
  demand.gpus = *rc::gen::inRange(0, 3);
  demand.gpu_milli = *rc::gen::element(1000, 1000, 500, 250);
  demand.gpu_memory_mib = demand.gpus > 0 ? *rc::gen::inRange<int64_t>(0, 3) * 1024 : 0;
  demand.gpu_types = *rc::gen::element<uint32_t>(0, 1, 2, 3);
  return demand;
}

/// A few nodes of two types, some of them down.
struct Nodes {
  Nodes() {
    for (uint32_t i = 0; i < 6; ++i) {
      NodeSpec node;
      node.gpu_type = i % 2;
      cluster.nodes.push_back(node);
      Capacity capacity;
      capacity.cpu_milli = *rc::gen::inRange<int64_t>(0, 16) * 1000;
      capacity.memory_mib = *rc::gen::inRange<int64_t>(0, 16) * 1024;
      for (int gpu = 0; gpu < *rc::gen::inRange(0, 4); ++gpu) {
        capacity.gpu_milli[static_cast<size_t>(gpu)] = 1000;
        capacity.gpu_memory_mib[static_cast<size_t>(gpu)] = 4096;
      }
      free.push_back(capacity);
      up.push_back(*rc::gen::weightedElement<uint8_t>({{5, 1}, {1, 0}}));
    }
  }
  Space space() const { return {free, up, &cluster, nullptr}; }

  ClusterSpec cluster;
  std::vector<Capacity> free;
  std::vector<uint8_t> up;
};

struct AnyJob {
  AnyJob() {
    spec.each = any_demand();
    spec.tasks = *rc::gen::inRange<uint32_t>(1, 12);
    job.spec = &spec;
  }
  AnyJob(const AnyJob&) = delete;

  JobSpec spec;
  JobState job;
};

TEST(Misfits, RuleOutNothingThatFits) {
  int ruled_out = 0;
  rc::check("as long as room is only taken", [&] {
    Nodes nodes;
    Misfits misfits;
    Placer placer(Placement::kFirstFit, 0);
    for (int i = 0; i < 80; ++i) {
      const AnyJob any;
      const auto& [spec, job] = any;
      const bool known = misfits.rule_out(spec.each, spec.tasks);
      const auto parts = placer.place(nodes.space(), job, spec.tasks);
      RC_ASSERT(!known || parts.empty());
      ruled_out += known ? 1 : 0;
      if (!known && parts.empty()) misfits.add(spec.each, spec.tasks);
      if (*rc::gen::inRange(0, 3) > 0) continue;
      for (const Part& part : parts) take(nodes.free[part.node], spec.each, part);
    }
  });
  EXPECT_GT(ruled_out, 1000);
}

TEST(FullNodes, HideNoNodeThatHasRoom) {
  int hidden = 0;
  rc::check("as long as room is only taken", [&] {
    Nodes nodes;
    FullNodes full;
    Placer placer(*rc::gen::element(Placement::kFirstFit, Placement::kWorstFit), 0);
    for (int i = 0; i < 80; ++i) {
      const AnyJob any;
      const auto& [spec, job] = any;
      Space space = nodes.space();
      const auto found = placer.place(space, job, spec.tasks);
      const std::vector<Part> parts(found.begin(), found.end());
      space.first = full.before(spec.each);
      const auto again = placer.place(space, job, spec.tasks);
      RC_ASSERT(std::equal(again.begin(), again.end(), parts.begin(), parts.end()));
      full.add(spec.each, placer.first_room());
      hidden += space.first > 0 ? 1 : 0;
      for (const Part& part : parts) take(nodes.free[part.node], spec.each, part);
    }
  });
  EXPECT_GT(hidden, 1000);
}

TEST(Tally, CountsAsAFreshSearchDoes) {
  rc::check("after every change", [&] {
    Nodes nodes;
    const TaskDemand demand = any_demand();
    const Space space = nodes.space();
    Tally tally(space, demand, 8);
    for (int i = 0; i < 20; ++i) {
      auto node = *rc::gen::inRange<uint32_t>(0, 6);
      nodes.free[node].cpu_milli = *rc::gen::inRange<int64_t>(-2, 16) * 1000;
      nodes.free[node].memory_mib = *rc::gen::inRange<int64_t>(-2, 16) * 1024;
      tally.recount(node);
      for (uint32_t tasks : {1U, 4U, 8U}) {
        RC_ASSERT(tally.holds(tasks) == (Placer::count(space, demand, tasks) == tasks));
      }
    }
  });
}

TEST(Profile, RemembersNoBoundThatIsTooLate) {
  struct Reserved {
    Instant at;
    Duration length;
    Amount amount;
  };
  rc::check("what was asked before does not change an answer", [&] {
    auto build = [](const std::vector<std::pair<Instant, Amount>>& releases) {
      Profile profile;
      profile.reset({0}, {4, 4, 4});
      for (const auto& [at, amount] : releases) profile.release(at, amount);
      return profile;
    };
    std::vector<std::pair<Instant, Amount>> releases;
    Instant last{0};
    for (int i = 0; i < 5; ++i) {
      last = last + Duration{*rc::gen::inRange<int64_t>(0, 20)};
      releases.push_back({last, {*rc::gen::inRange<int64_t>(0, 4), 2, 1}});
    }
    Profile asked = build(releases);
    std::vector<Reserved> all;
    for (int i = 0; i < 50; ++i) {
      const Amount wanted{*rc::gen::inRange<int64_t>(0, 8), *rc::gen::inRange<int64_t>(0, 8),
                          *rc::gen::inRange<int64_t>(0, 6)};
      const Duration length = *rc::gen::inRange(0, 20) == 0
                                  ? Duration::infinite()
                                  : Duration{*rc::gen::inRange<int64_t>(1, 30)};
      Profile fresh = build(releases);
      for (const Reserved& r : all) fresh.reserve(r.at, r.length, r.amount);
      const Instant at = asked.earliest(wanted, length);
      RC_ASSERT(at == fresh.earliest(wanted, length));
      if (at == Instant::never() || *rc::gen::inRange(0, 2) == 0) continue;
      asked.reserve(at, length, wanted);
      all.push_back({at, length, wanted});
    }
  });
}

}  // namespace
}  // namespace orrery
