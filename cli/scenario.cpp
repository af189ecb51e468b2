#include "cli/scenario.hpp"

#include <algorithm>
#include <filesystem>

#include "actors/limits.hpp"
#include "policies/registry.hpp"

namespace orrery::cli {

namespace {

constexpr double kMostWatts = 1e6;

void describe_group(Fields& f, NodeGroup& group) {
  f.text({"name", "the nodes are called by it and a number; needed where there are several groups"},
         group.name);
  f.whole({"count", "how many nodes of this kind"}, group.count, 1, limits::kNodes,
          "number of nodes");
  f.real({"cores", "per node"}, group.cores, 0.001, 1e6, "number of cores");
  f.size({"memory", "per node"}, group.memory_mib, kUnlimitedMib);
  f.whole({"gpus", "per node"}, group.gpus, 0, limits::kGpusPerNode, "number of GPUs");
  f.text({"gpu_type", "jobs that ask for a type run on GPUs of that name only"}, group.gpu_type);
  f.size({"gpu_memory", "of each GPU"}, group.gpu_memory_mib, kUnlimitedGpuMib);
  f.real({"idle_watts", "drawn by a node that runs nothing, its GPUs apart"}, group.idle_watts, 0,
         kMostWatts, "number of watts");
  f.real({"busy_watts", "drawn with all cores in use, GPUs apart"}, group.busy_watts, 0, kMostWatts,
         "number of watts");
  f.real({"gpu_idle_watts", "drawn by an idle GPU, on top of the node"}, group.gpu_idle_watts, 0,
         kMostWatts, "number of watts");
  f.real({"gpu_busy_watts", "drawn by a busy GPU"}, group.gpu_busy_watts, 0, kMostWatts,
         "number of watts");
  f.whole({"nodes_per_rack", "nodes that stand near one another; 0: the whole group"},
          group.nodes_per_rack, 0, limits::kNodes, "number of nodes");
  f.require(group.busy_watts >= group.idle_watts, "busy_watts", "idle_watts or more",
            real_text(group.busy_watts));
  f.require(group.gpu_busy_watts >= group.gpu_idle_watts, "gpu_busy_watts",
            "gpu_idle_watts or more", real_text(group.gpu_busy_watts));
}

void describe_cluster(Fields& f, ClusterSource& cluster) {
  bool both = f.has("from") && f.has("nodes") && !cluster.from.empty() && !cluster.nodes.empty();
  f.text({"from", "a node list in the format of Alibaba's openb, instead of `nodes`"},
         cluster.from);
  f.items({"nodes", "groups of nodes that are alike"}, cluster.nodes, describe_group);
  f.whole({"nodes_per_rack",
           "of a node list: so many nodes, as they stand there, are near one another; 0: all"},
          cluster.nodes_per_rack, 0, limits::kNodes, "number of nodes");
  f.require(!both && (cluster.from.empty() || cluster.nodes.empty()), "from",
            "either `from` or `nodes`", "both");
  uint64_t total = 0;
  bool named = true;
  for (const NodeGroup& group : cluster.nodes) {
    total += group.count;
    named = named && !group.name.empty();
  }
  f.require(total <= limits::kNodes, "nodes",
            "at most " + std::to_string(limits::kNodes) + " nodes", std::to_string(total));
  f.require(named || cluster.nodes.size() < 2, "nodes", "a name for each of several groups",
            "a group without one");
}

void describe_malleable(Fields& f, MalleableSource& malleable) {
  f.real({"share", "part of the rigid jobs that become malleable"}, malleable.share, 0, 1,
         "fraction");
  f.real({"most", "the largest size, as a multiple of what the job asks for"}, malleable.most, 1,
         1e6, "number");
  f.real({"serial",
          "Amdahl's serial fraction of a job without speeds by size; its run time is that on "
          "what it asks for"},
         malleable.serial, 0, 1, "fraction");
}

void describe_deadlines(Fields& f, DeadlineSource& deadline) {
  f.real({"share", "part of the jobs that get one"}, deadline.share, 0, 1, "fraction");
  f.real({"least_slack", "time from submission to deadline, in run times, is uniform from this"},
         deadline.least_slack, 0, 1e6, "number");
  f.real({"most_slack", "to this; below 1 nobody could meet it on the size that was asked for"},
         deadline.most_slack, 0, 1e6, "number");
  f.require(deadline.most_slack >= deadline.least_slack, "most_slack", "least_slack or more",
            real_text(deadline.most_slack));
}

void describe_workload(Fields& f, WorkloadSource& workload) {
  f.text({"trace", "a log to replay, plain, gzip or zstd; the path counts from the scenario file"},
         workload.trace);
  f.choice_of({"format", "how the trace is written; guess looks at its content"}, workload.format,
              {"guess", "swf", "openb", "philly", "muri", "tiresias", "gavel", "shockwave",
               "chronus", "elasticflow", "helios", "pai", "batsim", "csv", "binary"});
  std::string on_error = workload.skip_errors ? "skip" : "fail";
  f.choice({"on_error", "what a malformed row does: fail the run, or be counted and left out"},
           on_error, {"fail", "skip"});
  workload.skip_errors = on_error == "skip";
  f.flag({"swf_memory", "SWF: take the requested memory as a demand"}, workload.swf_memory);
  f.text(
      {"throughputs",
       "Gavel, Shockwave: the table that run times and speeds come from; ElasticFlow: the folder "
       "of its tables, or what their names begin with; the path as that of `trace`"},
      workload.throughputs);
  f.real({"host_gflops", "Batsim: operations a second of a host, in 10^9; 0: not known"},
         workload.host_gflops, 0, 1e9, "number of 10^9 operations a second");
  f.section({"generate", "a synthetic workload, instead of `trace`"},
            [&](Fields& g) { describe_generator(g, workload.generate); });
  f.whole({"gpu_share",
           "tasks that want whole GPUs want so much of each instead, so that jobs may share them"},
          workload.gpu_share_milli, 10, 1000, "number of milli-GPUs");
  f.whole({"limit", "the first so many jobs; 0: all"}, workload.limit, 0, limits::kJobs,
          "number of jobs");
  f.real({"time_scale", "factor on the times between submissions; 0.5 doubles the load"},
         workload.time_scale, 0.001, 1000, "factor");
  bool traced = !workload.trace.empty();
  bool generated = !workload.generate.model.empty();
  f.choice({"forecast",
            "what policies are told of a job where the trace says nothing: nothing, or exactly "
            "its run time as the requested time and its speeds by size and type of GPU"},
           workload.forecast, {"none", "exact"});
  f.section({"malleable", "rigid jobs that become malleable, from one task up"},
            [&](Fields& m) { describe_malleable(m, workload.malleable); });
  f.section({"deadline", "deadlines for jobs that have none: submission + slack x run time"},
            [&](Fields& d) { describe_deadlines(d, workload.deadline); });
  f.require(traced || generated, "generate", "a trace or a model to generate jobs by", "neither",
            "for example trace: log.swf.gz, or generate: {model: dl}");
  f.require(!traced || !generated, "generate", "either `trace` or `generate`", "both");
}

void describe_policy(Fields& f, Scenario& scenario) {
  PolicyConfig& policy = scenario.policy;
  f.choice({"order", "which job comes first"}, policy.order, order_choices());
  f.choice({"place", "which nodes a job gets"}, policy.place, place_choices());
  f.choice({"backfill", "whether later jobs may pass one that waits"}, policy.backfill,
           backfill_choices());
  f.choice_of({"decide", "once at each instant, or after each event as some simulators do"},
              policy.decide, {"once", "each-event"});
  f.duration({"decide_every", "decide at multiples of this only; 0: whenever something changes"},
             scenario.controller.decide_every);
  f.choice({"preempt", "how a running job is taken off its nodes"}, policy.preempt,
           preempt_choices());
  f.real({"ageing_per_hour", "priority: points that a waiting job gains an hour"},
         policy.ageing_per_hour, 0, 1e9, "number of points");
  f.duration({"half_life", "fair-share: after this time past usage counts half"}, policy.half_life,
             Duration::seconds(1));
  f.numbers({"las_thresholds",
             "las, gittins: attained GPU-seconds (core-seconds without GPUs) at which a "
             "job falls to the next queue"},
            policy.las_thresholds, "seconds");
  f.duration(
      {"min_run",
       "srtf, srsf, las, gittins, edf: a job that has started runs so long before it is taken off"},
      policy.min_run);
  f.whole({"most_preemptions",
           "srtf, srsf, las, gittins, edf: a job that was taken off so often is left alone; 0: no "
           "limit"},
          policy.most_preemptions, 0, 1'000'000, "number");
  f.duration({"round",
              "max-min, gandiva-fair, themis, max-min-het: how long those that were chosen run; "
              "muri-s, muri-l: the least time between two groupings; elastic-flow: the time slots "
              "that it plans in"},
             policy.round, Duration::seconds(1));
  f.real({"filter", "themis: the part of the jobs, the better off, that get no offer at first (f)"},
         policy.filter, 0, 1, "fraction");
  f.whole({"group_size", "muri-s, muri-l: most jobs on a GPU"}, policy.group_size, 1, 16,
          "number of jobs");
  f.real({"pair_busy",
          "lucid: two jobs share GPUs if alone they would keep one busy for no more than this part "
          "of the time in all"},
         policy.pair_busy, 0, 2, "part of a GPU's time");
  f.real({"alpha",
          "allox: part of the users, those that have least, among whose jobs it chooses; 1: all"},
         policy.alpha, 0, 1, "fraction");
}

void describe_world(Fields& f, Scenario& scenario) {
  sim::WorldConfig& world = scenario.world;
  f.flag({"kill_at_requested_time",
          "a job that outlives its requested time is stopped, as Slurm "
          "does"},
         scenario.controller.kill_at_requested_time);
  f.real({"speed", "how fast containers do their work; at 0.5 all run times double"}, world.speed,
         0.001, 1000, "factor");
  f.real({"node_factor", "on the speed of a gang whose containers are on several nodes"},
         world.node_factor, 0.001, 1000, "factor");
  f.real({"rack_factor", "instead of node_factor, where its nodes stand in several racks"},
         world.rack_factor, 0.001, 1000, "factor");
  f.duration({"start_overhead", "from the command to the container running"}, world.start_overhead);
  f.duration({"end_overhead", "from the work being done to the containers gone"},
             world.end_overhead);
  f.duration({"stop_overhead", "from the kill to the container gone"}, world.stop_overhead);
  f.section({"checkpoint", "what checkpoints cost and how often they are written"}, [&](Fields& c) {
    c.duration({"interval", "running time between periodic checkpoints; 0: none"},
               world.checkpoint_interval);
    c.duration({"cost", "the job stands still while one is written"}, world.checkpoint_cost);
    c.duration({"restore", "paid by a start that continues from one"}, world.restore_cost);
  });
  f.duration({"suspend_cost", "from the suspend to the processors being free"}, world.suspend_cost);
  f.duration({"resume_cost", "paid by a start that continues a suspended job"}, world.resume_cost);
  f.duration({"resize_cost", "the job stands still while its size changes"}, world.resize_cost);
  f.choice_of({"interference",
               "what jobs on the same GPU cost each other: nothing, what was measured of their "
               "kinds, or the same without slowing jobs of priority 0 or more by those below"},
              world.interference, {"none", "measured", "guarded"});
}

// The end of a broken link: the controller or a node, as places of the network.
void describe_end(Fields& f, Key key, uint32_t& place) {
  auto parse = [&](std::string_view text) {
    int64_t node = 0;
    if (text == "controller") {
      place = 0;
      return true;
    }
    if (!parse_whole(text, node) || node < 0 || node >= limits::kNodes) return false;
    place = static_cast<uint32_t>(node) + 1;
    return true;
  };
  auto print = [&] { return place == 0 ? "controller" : std::to_string(place - 1); };
  f.scalar(key, "controller or the number of a node, from 0", parse, print, {"controller"});
}

void describe_network(Fields& f, sim::NetworkConfig& network) {
  f.duration({"latency", "of every mail between controller and nodes"}, network.latency);
  f.duration({"jitter", "mean of an exponential delay on top; lets mail overtake mail"},
             network.jitter_mean);
  f.real({"loss", "chance that a mail is lost"}, network.loss, 0, 0.999, "probability");
  f.real({"duplication", "chance that a mail arrives twice"}, network.duplication, 0, 0.999,
         "probability");
  f.items({"partitions", "periods in which mail between two ends is lost"}, network.partitions,
          [](Fields& p, sim::Partition& partition) {
            describe_end(p, {"between", "one end"}, partition.place_a);
            describe_end(p, {"and", "the other end"}, partition.place_b);
            p.instant({"from", "when it begins"}, partition.from);
            p.instant({"until", "when it ends"}, partition.until);
            p.require(partition.from < partition.until, "until", "an instant after `from`",
                      "one that is not");
          });
  f.duration({"resend", "how often unanswered commands are sent again; 0: never"}, network.resend);
  bool safe = network.resend.ns > 0 || (network.loss == 0 && network.partitions.empty());
  f.require(safe, "resend", "a duration above 0 where mail can be lost",
            duration_text(network.resend), "without it a lost command blocks its job for good");
}

void describe_times(Fields& f, sim::TimeDistribution& times) {
  f.choice({"kind", "the distribution"}, times.kind,
           {"fixed", "exponential", "weibull", "lognormal"});
  f.duration({"mean", "0: never"}, times.mean);
  f.real({"shape", "weibull: its shape k; lognormal: its sigma"}, times.shape, 0.01, 100, "number");
}

void describe_faults(Fields& f, Scenario& scenario) {
  sim::FaultsConfig& faults = scenario.faults;
  f.section({"mtbf", "time from a node's repair to its next failure"},
            [&](Fields& t) { describe_times(t, faults.mtbf); });
  f.section({"mttr", "time to repair a node"}, [&](Fields& t) { describe_times(t, faults.mttr); });
  f.items({"outages", "failures by list"}, faults.outages, [](Fields& o, sim::Outage& outage) {
    if (outage.node.index == UINT32_MAX) outage.node.index = 0;
    o.whole({"node", "its number in the cluster, from 0"}, outage.node.index, 0, limits::kNodes - 1,
            "number of a node");
    o.instant({"from", "when it goes down"}, outage.from);
    o.instant({"until", "when it is up again"}, outage.until);
    o.require(outage.from < outage.until, "until", "an instant after `from`", "one that is not");
  });
  f.duration({"detection", "from the failure to the controller knowing"}, faults.detection);
  f.real({"container_crash_per_hour", "crashes of each running container"},
         faults.container_crash_per_hour, 0, 3600, "number of crashes an hour");
  f.flag({"requeue", "a job hit by a failure starts again"}, faults.requeue);
  f.whole({"max_attempts", "a job is given up after so many; 0: never"}, faults.max_attempts, 0,
          1'000'000, "number of attempts");
  f.require(faults.mtbf.mean.ns == 0 || faults.mttr.mean.ns > 0, "mtbf",
            "a mean time to repair (mttr) beside it", "none", "for example mttr: 1h");
}

void describe_live(Fields& f, LiveSource& live) {
  f.choice({"driver", "what runs containers: plain processes, Docker or Podman, or a model"},
           live.driver, {"process", "engine", "fake"});
  f.choice({"program", "what a job runs for its run time: a sleep, or a busy loop for each core"},
           live.program, {"sleep", "burn"});
  f.words({"command", "what it runs instead, program first; ORRERY_* tell it about the job"},
          live.command);
  f.text({"image", "what the engine's containers are made of; it must be there already"},
         live.image);
  f.text({"socket", "where the engine listens"}, live.socket);
  bool engine = live.driver == "engine";
  f.require(!engine || !live.image.empty(), "image", "an image for the engine's containers", "none",
            "for example image: busybox:1");
  f.require(!engine || !live.command.empty() || live.program == "sleep", "program",
            "sleep, or a command of the image", live.program,
            "the built-in load is not in the image; give live.command");
  f.flag({"limits", "keep each container to its part's cores and memory, where the driver can"},
         live.limits);
  f.real({"speedup", "the workload's times are divided by this"}, live.speedup, 0.001, 1e6,
         "factor");
  f.duration({"grace", "from the request to stop to the kill"}, live.grace);
  f.choice_of({"sync",
               "when the journal is on the disk: never forced, ten times a second, or "
               "before each step"},
              live.sync, {"never", "interval", "always"});
  f.whole({"snapshot_inputs", "a live run writes a snapshot after so many inputs; 0: none"},
          live.snapshot_inputs, 0, INT64_MAX, "number of inputs");
  f.duration({"snapshot_every", "and after so long, where there was any input"},
             live.snapshot_every, Duration::seconds(1));
}

void describe(Fields& f, Scenario& scenario, JobsFrom jobs = JobsFrom::kWorkload) {
  f.text({"name", "of the run in tables and folders; the file's name if left out"}, scenario.name);
  f.text({"description", "what the scenario shows"}, scenario.description);
  f.whole({"seed", "of every random stream of the run"}, scenario.seed, 0, INT64_MAX, "number");
  f.instant({"until", "stop here; jobs that are not done by then count as unfinished"},
            scenario.until);
  f.section({"cluster", "the nodes; left out: as many one-core nodes as the trace's header gives"},
            [&](Fields& c) { describe_cluster(c, scenario.cluster); });
  if (jobs == JobsFrom::kWorkload) {
    f.section({"workload", "the jobs"},
              [&](Fields& w) { describe_workload(w, scenario.workload); });
  }
  f.section({"policy", "how the controller decides; short: sjf+easy+best-fit"},
            [&](Fields& p) { describe_policy(p, scenario); });
  f.section({"world", "what starting, stopping and saving a job costs"},
            [&](Fields& w) { describe_world(w, scenario); });
  f.section({"network", "mail between controller and nodes; the default is ideal"},
            [&](Fields& n) { describe_network(n, scenario.network); });
  f.section({"faults", "failures of nodes and containers; the default is none"},
            [&](Fields& x) { describe_faults(x, scenario); });
  f.section({"live", "how orrery live runs the jobs; a simulation ignores it"},
            [&](Fields& l) { describe_live(l, scenario.live); });
  f.require(scenario.workload.gpu_share_milli == 1000 ||
                scenario.world.interference != sim::Interference::kNone,
            "workload", "world.interference: measured or guarded beside gpu_share", "none",
            "else jobs would share GPUs for nothing");
  f.require(f.has("workload") || jobs == JobsFrom::kPeople, "workload", "a workload", "none",
            "give the scenario a section `workload`, or --trace FILE");
}

void resolve_path(Value* section, const char* key, const std::filesystem::path& folder) {
  Value* path = section == nullptr ? nullptr : section->find(key);
  if (path == nullptr || path->kind != Value::Kind::kText || path->text.empty()) return;
  path->text = (folder / path->text).lexically_normal().generic_string();
}

}  // namespace

Value parse_scenario(const std::string& text, const std::string& path) {
  Value root = parse_document(text, path);
  if (root.kind != Value::Kind::kMap) {
    throw error_at(
        root.place.where ? root.place : Place{std::make_shared<const std::string>(path), 0, 0},
        "a scenario with sections such as cluster and workload", found_text(root),
        "scenarios/demo.yaml is an example");
  }
  std::filesystem::path file(path);
  resolve_path(root.find("workload"), "trace", file.parent_path());
  resolve_path(root.find("workload"), "throughputs", file.parent_path());
  resolve_path(root.find("cluster"), "from", file.parent_path());
  if (root.find("name") == nullptr) {
    root.put("name", text_value(file.stem().string(), root.place));
  }
  expand_shorthands(root);
  return root;
}

Value load_scenario(const std::string& path) {
  return parse_scenario(read_text_file(path, kDocumentBytes), path);
}

Scenario read_scenario(const Value& root, JobsFrom jobs) {
  Scenario scenario;
  read_fields(root, "a scenario", [&](Fields& f) {
    if (f.has("workload")) jobs = JobsFrom::kWorkload;  // what is there is checked
    describe(f, scenario, jobs);
  });
  scenario.controller.decide = scenario.policy.decide;
  scenario.controller.resend = scenario.network.resend;
  scenario.controller.requeue = scenario.faults.requeue;
  scenario.controller.max_attempts = scenario.faults.max_attempts;
  scenario.controller.preempt = preemption_mode(scenario.policy);
  return scenario;
}

std::string to_yaml(const Scenario& scenario) {
  Scenario copy = scenario;
  const bool has_jobs = !copy.workload.trace.empty() || !copy.workload.generate.model.empty();
  const JobsFrom jobs = has_jobs ? JobsFrom::kWorkload : JobsFrom::kPeople;
  return write_fields([&](Fields& f) { describe(f, copy, jobs); });
}

std::vector<FieldInfo> scenario_reference() {
  constexpr std::string_view kGenerated = "workload.generate.";
  std::vector<FieldInfo> all;
  for (const std::string& model : model_names()) {
    Scenario defaults;
    defaults.workload.generate.model = model;
    auto at = all.begin();
    for (FieldInfo& field : list_fields([&](Fields& f) { describe(f, defaults); })) {
      bool own = field.path.starts_with(kGenerated) && !field.path.ends_with(".model");
      if (field.path == "workload.generate.model") field.value.clear();
      if (own) field.help = model + ": " + field.help;
      auto known = std::find_if(all.begin(), all.end(), [&](const FieldInfo& one) {
        return one.path == field.path && one.help == field.help;
      });
      at = known == all.end() ? all.insert(at, field) : known;
      ++at;
    }
  }
  return all;
}

}  // namespace orrery::cli
