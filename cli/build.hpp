// From a scenario to what a simulation takes: the cluster, the workload, the plan.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/workload.hpp"
#include "cli/scenario.hpp"
#include "cli/sim_options.hpp"
#include "sim/simulation.hpp"
#include "traces/reader.hpp"

namespace orrery::cli {

/// A workload and the cluster that it meets. GPU types have the same numbers in both.
struct Inputs {
  std::shared_ptr<const ClusterSpec> cluster;
  std::shared_ptr<const Workload> workload;
  traces::Format format = traces::Format::kGuess;  ///< of the trace, as read; kGuess: generated
  std::string workload_name;                       ///< the trace's file name or the model's
  ClusterSource cluster_source;                    ///< as given, or as the log's header says
  /// What the user should know: rows that were skipped, a cluster taken from the log's header.
  std::vector<std::string> remarks;
};

/// Loads what scenarios name, each distinct pair of cluster and workload once, and keeps it until
/// the last run that needs it has come for it. Threads may share it.
class InputStore {
 public:
  explicit InputStore(const std::vector<RunOrder>& orders);
  /// Throws InputError or EnvironmentError. Requires: once for each of the orders.
  std::shared_ptr<const Inputs> load(const Scenario& scenario);

 private:
  struct Entry {
    size_t runs = 0;  // that are still to come
    std::shared_ptr<const Inputs> inputs;
  };

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

/// The nodes of `source`. Throws InputError.
ClusterSpec build_cluster(const ClusterSource& source);
/// Jobs from the trace or the generator, cut and stretched as the scenario says. `cluster` is null
/// where the log's header is to give it. Throws InputError.
Workload build_workload(const Scenario& scenario, const ClusterSpec* cluster, Inputs& about);
/// Gives the types of the workload's GPUs the numbers that they have in the cluster; types that no
/// node has are added, so that a job which asks for one fits nowhere. Throws InputError when there
/// are more types than a mask holds.
void align_gpu_types(ClusterSpec& cluster, Workload& workload);

/// The plan of a run.
sim::SimulationPlan make_plan(const Scenario& scenario, const Inputs& inputs, bool check);
/// "sjf + easy, best-fit"; with ", each event" where it decides after each.
std::string policy_words(const PolicyConfig& policy);

}  // namespace orrery::cli
