// Scenario: everything that a run depends on, as a person writes it down.
//
// One YAML file holds cluster, workload, policy, world, network, faults, seed. The same description
// of its keys reads it, writes the effective scenario into the run record, and makes the reference
// in docs/scenario.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/policy.hpp"
#include "cli/document.hpp"
#include "cli/fields.hpp"
#include "cli/generator.hpp"
#include "policies/config.hpp"
#include "sim/config.hpp"
#include "traces/reader.hpp"

namespace orrery::cli {

/// Stands for "not limited": 1 EiB of memory, 1 PiB of GPU memory, more than any job asks for.
inline constexpr int64_t kUnlimitedMib = int64_t{1} << 40;
inline constexpr int64_t kUnlimitedGpuMib = int64_t{1} << 30;

/// Nodes that are alike.
struct NodeGroup {
  std::string name;  ///< "gpu" names them gpu0, gpu1, ...
  uint32_t count = 1;
  double cores = 1;
  int64_t memory_mib = kUnlimitedMib;
  uint32_t gpus = 0;
  std::string gpu_type = "GPU";
  int64_t gpu_memory_mib = kUnlimitedGpuMib;
  double idle_watts = 0;  ///< of a node without load, GPUs apart
  double busy_watts = 0;  ///< with all cores in use
  double gpu_idle_watts = 0;
  double gpu_busy_watts = 0;
  uint32_t nodes_per_rack = 0;  ///< 0: the whole group stands in one rack
};

/// Where the nodes come from: groups, or a node list, or (neither) the header of the trace.
struct ClusterSource {
  std::string from;             ///< path of an openb node list
  uint32_t nodes_per_rack = 0;  ///< of such a list; 0: all stand in one rack
  std::vector<NodeGroup> nodes;
};

/// Deadlines for jobs that have none of their own, drawn by the scenario's seed.
struct DeadlineSource {
  double share = 0;          ///< of the jobs
  double least_slack = 0.5;  ///< from submission to deadline, as a multiple of the run time
  double most_slack = 1.5;
};

/// Rigid jobs that the scenario makes malleable, drawn by its seed.
struct MalleableSource {
  double share = 0;      ///< of the jobs
  double most = 2;       ///< the largest size, as a multiple of what the job asks for
  double serial = 0.05;  ///< Amdahl's serial fraction, where the trace has no speeds by size
};

/// Where the jobs come from: a trace or a generator.
struct WorkloadSource {
  std::string trace;  ///< path; empty: generated
  traces::Format format = traces::Format::kGuess;
  bool skip_errors = false;
  bool swf_memory = false;
  std::string throughputs;   ///< Gavel, Shockwave, ElasticFlow: path of the tables; empty: none
  double host_gflops = 0;    ///< Batsim: 10^9 operations a second of a host; 0: not known
  GeneratorSource generate;  ///< counts where there is no trace
  int32_t gpu_share_milli = 1000;  ///< of each GPU that a task would have whole
  uint64_t limit = 0;              ///< the first so many jobs; 0: all
  double time_scale = 1;           ///< factor on every time between submissions
  std::string forecast = "none";   ///< what policies are told of a job: none exact
  MalleableSource malleable;
  DeadlineSource deadline;
};

/// When the journal of a live run is safe on the disk.
enum class JournalSync : uint8_t {
  kNever,     ///< handed to the operating system ten times a second
  kInterval,  ///< and on the disk as often
  kAlways,    ///< each input, before the actor sees it
};

/// What a live run starts as containers, and how; a simulation ignores it.
struct LiveSource {
  std::string driver = "process";               ///< process engine fake
  std::string program = "sleep";                ///< sleep burn; counts where there is no command
  std::vector<std::string> command;             ///< of every task's container
  std::string image;                            ///< for the engine
  std::string socket = "/var/run/docker.sock";  ///< of the engine: Docker's or Podman's
  bool limits = false;                     ///< containers get no more than their part was given
  double speedup = 1;                      ///< the workload's times are divided by it
  Duration grace = Duration::seconds(10);  ///< from the request to stop to the kill
  JournalSync sync = JournalSync::kInterval;
  uint64_t snapshot_inputs = 100'000;                ///< between two snapshots, at most
  Duration snapshot_every = Duration::seconds(600);  ///< likewise, where there was any input
};

struct Scenario {
  std::string name;
  std::string description;
  uint64_t seed = 1;
  Instant until = Instant::never();
  ClusterSource cluster;
  WorkloadSource workload;
  PolicyConfig policy;
  ControllerConfig controller;
  sim::WorldConfig world;
  sim::NetworkConfig network;
  sim::FaultsConfig faults;
  LiveSource live;
};

/// Reads a scenario file into a tree. Relative paths in it count from its folder; `name` defaults
/// to the file's. Throws InputError.
Value load_scenario(const std::string& path);
/// The same for the text of a scenario that stands, or would stand, in the file `path`.
Value parse_scenario(const std::string& text, const std::string& path);
/// Turns what may be written short into its long form: `policy: sjf+easy`, `cluster: 16x8:gpus=4`,
/// `mtbf: 30d`. Throws InputError.
void expand_shorthands(Value& root);
/// Where the jobs come from: a controller's are submitted, so that it needs no workload.
enum class JobsFrom : uint8_t { kWorkload, kPeople };
/// Types and checks a tree. Throws InputError (or InputErrors) for the first (or every) fault.
Scenario read_scenario(const Value& root, JobsFrom jobs = JobsFrom::kWorkload);
/// The effective scenario: every key with its value; read_scenario gives the same scenario back
/// (without a workload only where jobs come from people).
std::string to_yaml(const Scenario& scenario);
/// Every key with type, default and help; keys of a generator say for which models they are.
std::vector<FieldInfo> scenario_reference();

/// "sjf+easy+best-fit" as the section {order: sjf, backfill: easy, place: best-fit}: any of the
/// names of an order, a backfill and a placement joined by "+". Throws InputError at `place`.
Value policy_shorthand(const std::string& text, const Place& place);
/// Puts the parts that `text` names into the policy of `root`. Order and backfill that it does not
/// name go back to fcfs and none; placement and all else stay.
void choose_policy(Value& root, const std::string& text, const Place& place);
/// "100", "1x1024", "16x8:gpus=4,gpu_type=A100" or several of them joined by "+", as the section
/// {nodes: [...]}. Throws InputError at `place`.
Value nodes_shorthand(const std::string& text, const Place& place);

/// The names that a policy may be composed of.
const std::vector<std::string>& order_choices();
const std::vector<std::string>& backfill_choices();
const std::vector<std::string>& place_choices();
const std::vector<std::string>& preempt_choices();

}  // namespace orrery::cli
