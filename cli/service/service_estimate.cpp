// ControllerService, when a job will start and end.
#include <algorithm>
#include <cmath>

#include "cli/service/controller_service.hpp"
#include "cli/service/estimate.hpp"

namespace orrery::cli {

namespace {

constexpr size_t kSimulations = 25;
// Fewer simulations where one takes long: somebody waits for the answer.
constexpr auto kPatience = std::chrono::seconds(3);
constexpr double kPercents[3] = {0.05, 0.5, 0.95};

// By the nearest rank; none where that simulation did not get there.
void percentiles(std::vector<std::optional<Duration>> found, std::optional<double> (&out)[3]) {
  auto key = [](const std::optional<Duration>& d) { return d ? d->ns : INT64_MAX; };
  std::sort(found.begin(), found.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (int i = 0; i < 3; ++i) {
    auto rank = static_cast<size_t>(std::ceil(kPercents[i] * static_cast<double>(found.size())));
    const auto& value = found[std::max<size_t>(rank, 1) - 1];
    if (value) out[i] = static_cast<double>(value->ns) / 1e9;
  }
}

}  // namespace

live::Estimate ControllerService::estimate(uint32_t id) {
  live::Estimate out;
  out.job = job(id);
  if (out.job.ended) {
    throw live::Refusal("conflict",
                        "job " + std::to_string(id) + " has ended already (" + out.job.state + ")");
  }
  struct Copy {
    Instant now;
    std::unique_ptr<Controller> controller;
    OpenJobs jobs;
    RunTimes times;
  };
  auto copy = with_controller([this](Instant now, const Controller& controller) {
    std::lock_guard lock(mutex_);
    OpenJobs jobs;
    jobs.numbers = table_->size();
    for (const JobState& state : controller.ledger().slots()) {
      if (state.phase == JobPhase::kEnded) continue;
      jobs.entries[state.spec->id] = table_->find(state.spec->id);
    }
    return Copy{now, std::make_unique<Controller>(controller), std::move(jobs), RunTimes(*table_)};
  });
  std::vector<std::optional<Duration>> starts;
  std::vector<std::optional<Duration>> ends;
  auto began = std::chrono::steady_clock::now();
  while (starts.size() < kSimulations && std::chrono::steady_clock::now() - began < kPatience) {
    Outcome one = simulate_onward(plan_, *copy.controller, copy.jobs, copy.times, copy.now, {id},
                                  scenario_.seed + starts.size());
    starts.push_back(one.start);
    ends.push_back(one.end);
  }
  out.simulations = static_cast<uint32_t>(starts.size());
  if (!out.job.started) percentiles(starts, out.start_s);
  percentiles(ends, out.end_s);
  out.assumes = copy.times.source() +
                "; nobody submits or cancels anything, no node fails, and nodes that are drained, "
                "silent or down stay so";
  return out;
}

}  // namespace orrery::cli
