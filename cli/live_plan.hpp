// What a live run takes from a scenario: the same cluster, jobs and policy as a simulation, with
// the workload's times divided by `live.speedup`, and what each job runs as a container.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "actors/workload.hpp"
#include "cli/build.hpp"
#include "cli/scenario.hpp"
#include "live/drivers/driver.hpp"
#include "live/drivers/fake.hpp"

namespace orrery::cli {

/// The name of the hidden verb that containers run where the scenario gives no command.
inline constexpr const char* kLoadVerb = "_load";

/// The plan of a live run. Its network is ideal: mail within a process is neither late nor lost.
sim::SimulationPlan make_live_plan(const Scenario& scenario, const Inputs& inputs);

/// The workload with submissions, run times, requested times, think times and cancellations divided
/// by `speedup`.
std::shared_ptr<const Workload> at_speed(std::shared_ptr<const Workload> workload, double speedup);

/// This machine's GPUs among the nodes, in order: as many as each has. Throws InputError, about
/// `scenario`, where there are too few.
std::vector<std::vector<std::string>> dealt_gpus(const std::vector<std::string>& uuids,
                                                 const ClusterSpec& cluster,
                                                 const std::string& scenario);

/// What a driver runs for a part of a job.
struct ContainerMaker {
  LiveSource live;
  std::shared_ptr<const Workload> workload;
  std::string run;                ///< id of the run
  std::filesystem::path program;  ///< this program, for built-in loads
  std::filesystem::path logs;     ///< folder for the containers' output
  /// UUIDs of each node's GPUs, by index; empty: none is handed out.
  std::vector<std::vector<std::string>> gpus = {};

  live::ContainerOrder order(const StartTask& what, NodeId node, const std::string& name) const;
};

/// The life of a container under the fake driver: it starts, works and ends as the plan's world
/// says.
live::FakeLife fake_life(const live::ContainerOrder& order, const sim::SimulationPlan& plan);

}  // namespace orrery::cli
