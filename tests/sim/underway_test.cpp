// A simulation that goes on from a controller in the middle of its work, with the containers that
// run by then, ends as the one that it was taken from: so a live controller's state can be asked
// what will become of it.
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <rapidcheck/gtest.h>

#include "actors/controller.hpp"
#include "tests/sim/support.hpp"

namespace orrery::sim::test {
namespace {

class Ends final : public NoteSink {
 public:
  void note(Instant at, const Note& note) override {
    if (const auto* started = std::get_if<AttemptStarted>(&note)) starts[started->spec->id] = at;
    if (const auto* ended = std::get_if<JobEnded>(&note)) ends[ended->spec->id] = at;
  }
  std::map<JobId, Instant> starts;
  std::map<JobId, Instant> ends;
};

SimulationPlan some_plan(uint64_t seed, const char* backfill) {
  Random random(seed, 0, "underway");
  std::vector<JobLine> lines;
  for (int i = 0; i < 60; ++i) {
    auto run = static_cast<int64_t>(1 + random.below(400));
    // All at the beginning: one that goes on knows no submissions.
    lines.push_back({0, run, 1 + static_cast<uint32_t>(random.below(6)),
                     run + static_cast<int64_t>(random.below(200))});
  }
  PolicyConfig policy;
  policy.backfill = backfill;
  SimulationPlan plan = plan_of(cluster_of(4, 2), workload_of(lines), policy);
  plan.check = false;
  return plan;
}

// What is under way, as a live controller could tell it, and how much work is left.
Underway underway_of(const SimulationPlan& plan, Simulation& simulation, const Ends& ends) {
  Underway underway;
  underway.now = simulation.now();
  auto controller = std::make_shared<Controller>(simulation.controller_state());
  for (const JobState& job : controller->ledger().slots()) {
    if (job.phase != JobPhase::kRunning) continue;
    Duration done = simulation.now() - ends.starts.at(job.spec->id);
    Duration left = plan.workload->truths[job.spec->id.index].run_time - done;
    for (uint32_t part = 0; part < job.parts.size(); ++part) {
      underway.parts.push_back(
          {job.parts[part].node, controller->start_task(job, part), true, left});
    }
  }
  underway.controller = controller;
  return underway;
}

void goes_on_alike(uint64_t seed, const char* backfill, int64_t at_s) {
  SimulationPlan plan = some_plan(seed, backfill);
  Ends whole;
  Simulation simulation(plan, &whole);
  // Between two instants, so that nothing is half done.
  simulation.run_until(Instant{} + Duration::seconds(at_s) + Duration::milliseconds(500));
  Underway underway = underway_of(plan, simulation, whole);
  Ends rest;
  Simulation onward(plan, underway, &rest);
  simulation.run();
  while (onward.step()) {
  }
  RC_ASSERT(!rest.ends.empty() || whole.ends.size() == plan.workload->size());
  for (const auto& [job, end] : rest.ends) RC_ASSERT(end == whole.ends.at(job));
  size_t before = 0;
  for (const auto& [job, end] : whole.ends) before += end <= underway.now;
  RC_ASSERT(before + rest.ends.size() == whole.ends.size());
}

RC_GTEST_PROP(Underway, EndsAsTheSimulationThatItWasTakenFrom, ()) {
  goes_on_alike(*rc::gen::inRange<uint64_t>(0, 1000),
                *rc::gen::element("none", "easy", "conservative"),
                *rc::gen::inRange<int64_t>(0, 2500));
}

}  // namespace
}  // namespace orrery::sim::test
