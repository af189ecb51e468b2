// What jobs cost each other on the same GPU: the three rules, and which of them holds.
#include "actors/sharing.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace orrery::test {
namespace {

Tenant of_kind(const JobKinds& kinds, uint32_t kind) { return {kind, kinds[kind].gpu_busy, true}; }

JobKinds staged(const std::vector<std::vector<double>>& stages) {
  JobKinds kinds(1);
  for (const auto& one : stages) {
    kinds.emplace_back();
    kinds.back().stages = one;
  }
  return kinds;
}

double speed(const JobKinds& kinds, uint32_t job, const std::vector<uint32_t>& others) {
  std::vector<Tenant> tenants;
  for (const uint32_t kind : others) tenants.push_back(of_kind(kinds, kind));
  return shared_speed(kinds, of_kind(kinds, job), tenants);
}

TEST(Sharing, CostsNothingAlone) {
  JobKinds kinds = staged({{1, 2}});
  kinds[1].beside = {0.1, 0.1};
  EXPECT_EQ(speed(kinds, 1, {}), 1);
  EXPECT_EQ(guarded_speed(kinds, of_kind(kinds, 1), {}), 1);
}

TEST(Sharing, OfUnknownJobsIsTurnsOnTheGpu) {
  const JobKinds kinds(1);
  EXPECT_DOUBLE_EQ(speed(kinds, 0, {0}), 1.0 / 2);
  EXPECT_DOUBLE_EQ(speed(kinds, 0, {0, 0, 0}), 1.0 / 4);
}

TEST(Sharing, CostsNothingUntilTheGpuIsBusyAllTheTime) {
  JobKinds kinds(4);
  kinds[1].gpu_busy = 0.3;
  kinds[2].gpu_busy = 0.7;
  kinds[3].gpu_busy = 0.5;
  EXPECT_EQ(speed(kinds, 1, {2}), 1);
  EXPECT_DOUBLE_EQ(speed(kinds, 1, {2, 3}), 1 / 1.5);
  EXPECT_DOUBLE_EQ(speed(kinds, 3, {2, 1}), 1 / 1.5);
}

TEST(Sharing, WhatWasMeasuredComesBeforeWhatFollowsFromStages) {
  JobKinds kinds = staged({{1, 1}, {1, 1}});
  kinds[1].beside = {-1, -1, 0.8};
  EXPECT_EQ(speed(kinds, 1, {2}), 0.8);
  EXPECT_EQ(speed(kinds, 2, {1}), 1);  // of kind 2 nothing was measured: a perfect fit of stages
  EXPECT_DOUBLE_EQ(speed(kinds, 1, {2, 2}), 0.64);
}

TEST(Sharing, OfSeveralMeasuredIsTheProduct) {
  JobKinds kinds(3);
  kinds[1].beside = {-1, 0.5, 0.8};
  EXPECT_DOUBLE_EQ(speed(kinds, 1, {1, 2}), 0.4);
  kinds[1].beside = {-1, 0.5, 0};
  EXPECT_EQ(speed(kinds, 1, {1, 2}), 0);
  kinds[1].beside = {-1, 0.5};
  EXPECT_DOUBLE_EQ(speed(kinds, 1, {1, 2}), 1.0 / 3);  // kind 2 was not measured: rule 3
}

// The example of Muri's figure 4: A 2 s processor, 1 s GPU; B 1 s processor, 2 s GPU.
TEST(Sharing, InterleavesStagesThatComplementEachOther) {
  const std::vector<double> a{2, 1}, b{1, 2};
  const std::vector<double>*both[] = {&a, &b}, *twice[] = {&a, &a};
  EXPECT_EQ(interleaved_period(both), 3);   // max(2, 2) + max(1, 1)
  EXPECT_EQ(interleaved_period(twice), 4);  // max(2, 1) + max(1, 2)
  const JobKinds kinds = staged({a, b});
  EXPECT_EQ(speed(kinds, 1, {2}), 1);
  EXPECT_EQ(speed(kinds, 1, {1}), 0.75);
}

TEST(Sharing, TakesTheOrderOfStagesThatIsBest) {
  const std::vector<double> a{4, 1, 1}, b{1, 4, 1}, c{1, 1, 4};
  const std::vector<double>* all[] = {&a, &b, &c};
  const std::vector<double>* other_way[] = {&a, &c, &b};
  // In step s with offsets 0, 1, 2: a[s], b[s+1], c[s+2] = 4 with 4 with 4, then 1, 1.
  EXPECT_EQ(interleaved_period(all), 6);
  EXPECT_EQ(interleaved_period(other_way), 6);
  const JobKinds kinds = staged({a, b, c});
  EXPECT_EQ(speed(kinds, 1, {2, 3}), 1);
  // More jobs than stages: c, c and b, then a: (1 + 4 + 4) + 6 s.
  EXPECT_EQ(speed(kinds, 1, {2, 3, 3}), 6.0 / 15);
}

TEST(Sharing, GuardedJobsFeelOnlyEachOther) {
  JobKinds kinds(2);
  kinds[1].gpu_busy = 0.6;
  const Tenant guarded{1, 0.6, true}, filler{1, 0.6, false};
  EXPECT_EQ(guarded_speed(kinds, guarded, std::vector{filler}), 1);
  EXPECT_DOUBLE_EQ(guarded_speed(kinds, filler, std::vector{guarded}), 0.4 / 0.6);
  EXPECT_DOUBLE_EQ(guarded_speed(kinds, filler, std::vector{guarded, filler}), 0.4 / 1.2);
  EXPECT_DOUBLE_EQ(guarded_speed(kinds, guarded, std::vector{guarded, filler}), 1 / 1.2);
  EXPECT_EQ(guarded_speed(kinds, filler, std::vector{guarded, guarded}), 0);
}

TEST(Sharing, OfADeclaredShareIsWhatItsUserSaid) {
  const JobKinds kinds(1);
  JobSpec spec;
  spec.each = {.gpus = 1, .gpu_milli = 300};
  const Tenant tenant = tenant_of(spec, kinds);
  EXPECT_EQ(tenant.gpu_busy, 0.3);
  EXPECT_EQ(shared_speed(kinds, tenant, std::vector(2, tenant)), 1);
  spec.priority = -1;
  EXPECT_FALSE(tenant_of(spec, kinds).guarded);
}

TEST(Sharing, OfWholeGpusThatWereCutUpIsNotLess) {
  Workload workload;
  workload.specs.resize(3);
  workload.specs[0].each.gpus = 2;
  workload.specs[1].each = {.gpus = 1, .gpu_milli = 300};
  share_whole_gpus(workload, 250);
  EXPECT_EQ(workload.specs[0].each.gpu_milli, 250);
  EXPECT_EQ(workload.specs[1].each.gpu_milli, 300);
  EXPECT_EQ(workload.specs[2].each.gpus, 0);
  EXPECT_EQ(tenant_of(workload.specs[0], workload.kinds).gpu_busy, 1);
  EXPECT_EQ(tenant_of(workload.specs[1], workload.kinds).gpu_busy, 0.3);
}

RC_GTEST_PROP(Sharing, IsSymmetricWithinAGroupOfStagedJobs, ()) {
  const auto count = *rc::gen::inRange<size_t>(2, 5);
  std::vector<std::vector<double>> stages;
  for (size_t i = 0; i < count; ++i) {
    stages.emplace_back();
    for (int stage = 0; stage < 4; ++stage) stages.back().push_back(*rc::gen::inRange(0, 50));
  }
  const JobKinds kinds = staged(stages);
  // Every job has the same time between iterations: as long as the sum at most, and no shorter than
  // the longest job or the busiest resource.
  std::vector<const std::vector<double>*> all;
  double longest = 0, sum = 0;
  std::vector<double> busy(4, 0);
  for (const auto& one : stages) {
    all.push_back(&one);
    const double alone = one[0] + one[1] + one[2] + one[3];
    longest = std::max(longest, alone);
    sum += alone;
    for (size_t stage = 0; stage < 4; ++stage) busy[stage] += one[stage];
  }
  const double period = interleaved_period(all);
  RC_ASSERT(period >= longest);
  RC_ASSERT(period >= *std::max_element(busy.begin(), busy.end()));
  RC_ASSERT(period <= sum);
  std::swap(all.front(), all.back());
  RC_ASSERT(interleaved_period(all) == period);
  for (uint32_t self = 1; self <= count; ++self) {
    std::vector<uint32_t> others;
    for (uint32_t kind = 1; kind <= count; ++kind) {
      if (kind != self) others.push_back(kind);
    }
    const auto& own = stages[self - 1];
    const double alone = own[0] + own[1] + own[2] + own[3];
    if (period > 0) RC_ASSERT(speed(kinds, self, others) == alone / period);
  }
}

}  // namespace
}  // namespace orrery::test
