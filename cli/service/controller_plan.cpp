#include "cli/service/controller_plan.hpp"

#include "actors/error.hpp"
#include "cli/build.hpp"

namespace orrery::cli {

namespace {

constexpr Duration kUsualResend = Duration::seconds(2);

}  // namespace

sim::SimulationPlan controller_plan(const Scenario& scenario) {
  if (!scenario.cluster.from.empty() || scenario.cluster.nodes.empty()) {
    throw InputError({scenario.name, 0, 0, "a cluster whose nodes are listed", "none",
                      "give the scenario cluster.nodes; agents come in by their names"});
  }
  auto cluster = std::make_shared<ClusterSpec>(build_cluster(scenario.cluster));
  auto workload = std::make_shared<Workload>();
  align_gpu_types(*cluster, *workload);
  Inputs inputs;
  inputs.cluster = cluster;
  inputs.workload = workload;
  sim::SimulationPlan plan = make_plan(scenario, inputs, /*check=*/false);
  plan.network = {};
  if (plan.controller.resend.ns == 0) plan.controller.resend = kUsualResend;
  return plan;
}

}  // namespace orrery::cli
