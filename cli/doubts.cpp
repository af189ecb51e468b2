#include "cli/doubts.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace orrery::cli {

namespace {

using Orders = std::array<std::string_view, 3>;

// These give a job less than it asks for, or a slower type of GPU, and so more time.
constexpr Orders kPlanners{"elastic-flow", "allox", "max-min-het"};
// These put jobs beside each other on GPUs, where that is what the jobs want.
constexpr std::array<std::string_view, 4> kPackers{"muri-s", "muri-l", "lucid", "antman"};

bool is_one_of(const auto& orders, const std::string& order) {
  return std::find(orders.begin(), orders.end(), order) != orders.end();
}

bool any_job(const Workload& workload, const auto& holds) {
  return std::any_of(workload.specs.begin(), workload.specs.end(), holds);
}

}  // namespace

std::vector<std::string> doubts(const Scenario& scenario, const Workload& workload) {
  std::vector<std::string> told;
  const std::string& order = scenario.policy.order;
  const bool kills =
      scenario.controller.kill_at_requested_time && any_job(workload, [](const JobSpec& job) {
        return job.requested_time != Duration::infinite();
      });
  if (kills && is_one_of(kPlanners, order)) {
    told.push_back("policy.order " + order +
                   " may let a job run longer than it asked for, and jobs are killed then: set "
                   "world.kill_at_requested_time: no");
  }
  if (!is_one_of(kPackers, order)) return told;
  const bool shares = any_job(workload, [](const JobSpec& job) { return job.each.shares_gpu(); });
  if (!shares) {
    told.push_back("policy.order " + order +
                   " packs jobs that want shares of GPUs, and none of these does: set "
                   "workload.gpu_share (500 for two on a GPU)");
  } else if (kills && scenario.world.interference != sim::Interference::kNone) {
    told.push_back(
        "jobs on a GPU slow each other (world.interference) and are killed at the time "
        "that they asked for: set world.kill_at_requested_time: no");
  }
  return told;
}

}  // namespace orrery::cli
