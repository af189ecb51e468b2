#include "traces/openb.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_set>

#include "traces/job_table.hpp"

namespace orrery::traces {

namespace {

constexpr int64_t kMostMilli = 1'000'000'000;
constexpr int64_t kMostMib = int64_t{1} << 40;

/// The bit of `name` in `types`, adding it; 0 when there are too many.
uint32_t bit_of(std::string_view name, std::vector<std::string>& types) {
  const auto found = std::find(types.begin(), types.end(), name);
  const auto index = static_cast<size_t>(found - types.begin());
  if (index >= limits::kGpuTypes) return 0;
  if (found == types.end()) types.emplace_back(name);
  return uint32_t{1} << index;
}

class PodReader {
 public:
  PodReader(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
            ReadReport& report)
      : jobs_(lines, options, expected_jobs, report), table_(jobs_.table()) {}

  Workload read() {
    Workload workload = jobs_.read([this] { take_header(); },
                                   [this](JobSpec& spec, JobTruth& truth) {
                                     take_row(spec, truth);
                                     return true;
                                   });
    workload.gpu_types = std::move(gpu_types_);
    return workload;
  }

 private:
  void take_header() {
    jobs_.names_from("name");
    cpu_ = table_.require("cpu_milli");
    memory_ = table_.require("memory_mib");
    gpus_ = table_.require("num_gpu");
    gpu_milli_ = table_.require("gpu_milli");
    spec_ = table_.find("gpu_spec");
    qos_ = table_.find("qos");
    phase_ = table_.find("pod_phase");
    created_ = table_.find("creation_time");
    has_times_ = created_ != CsvTable::kAbsent;
    if (!has_times_) return;
    deleted_ = table_.require("deletion_time");
    scheduled_ = table_.require("scheduled_time");
  }

  void take_row(JobSpec& spec, JobTruth& truth) {
    spec.each.cpu_milli = table_.whole(cpu_, 0, kMostMilli);
    spec.each.memory_mib = table_.whole(memory_, 0, kMostMib);
    spec.each.gpus = static_cast<int32_t>(table_.whole(gpus_, 0, limits::kGpusPerNode));
    if (spec.each.gpus > 0) {
      spec.each.gpu_milli = static_cast<int32_t>(table_.whole(gpu_milli_, 1, 1000));
      spec.each.gpu_types = types_mask();
    }
    spec.queue = jobs_.queue(qos_);
    if (table_.text(phase_) == "Failed") truth.end = TraceEnd::kFailed;
    take_times(spec, truth);
  }

  void take_times(JobSpec& spec, JobTruth& truth) {
    if (!has_times_) {
      spec.submit = Instant::seconds(static_cast<int64_t>(jobs_.size()));
      truth.run_time = kOpenbStay;
      jobs_.count("pods have no times; they arrive a second apart and stay for 365 days");
      return;
    }
    spec.submit.ns = table_.nanoseconds(created_, 0);
    int64_t start = spec.submit.ns;
    if (table_.empty(scheduled_)) {
      jobs_.count("pods were never scheduled; they run from creation to deletion");
    } else {
      start = table_.nanoseconds(scheduled_, start);
    }
    truth.run_time.ns = table_.nanoseconds(deleted_, start) - start;
  }

  /// "P100|T4" as bits of Workload::gpu_types.
  uint32_t types_mask() {
    uint32_t mask = 0;
    std::string_view rest = table_.text(spec_);
    while (!rest.empty()) {
      const size_t bar = std::min(rest.find('|'), rest.size());
      const std::string_view model = rest.substr(0, bar);
      const uint32_t bit = is_good_name(model) ? bit_of(model, gpu_types_) : 0;
      if (bit == 0) {
        table_.fail(spec_, "GPU models separated by '|', at most " +
                               std::to_string(limits::kGpuTypes) + " in the file,");
      }
      mask |= bit;
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    return mask;
  }

  JobTable jobs_;
  const CsvTable& table_;
  std::vector<std::string> gpu_types_;
  size_t cpu_ = 0, memory_ = 0, gpus_ = 0, gpu_milli_ = 0;
  size_t spec_ = 0, qos_ = 0, phase_ = 0, created_ = 0, deleted_ = 0, scheduled_ = 0;
  bool has_times_ = false;
};

NodeSpec node_of_row(const CsvTable& table, ClusterSpec& cluster) {
  NodeSpec node;
  const size_t name = table.require("sn");
  const size_t model = table.require("model");
  node.name = table.text(name);
  if (!is_good_name(node.name)) table.fail(name, "a name of 1 to 255 printable bytes");
  node.capacity.cpu_milli = table.whole(table.require("cpu_milli"), 0, kMostMilli);
  node.capacity.memory_mib = table.whole(table.require("memory_mib"), 0, kMostMib);
  node.gpus = static_cast<uint32_t>(table.whole(table.require("gpu"), 0, limits::kGpusPerNode));
  if (node.gpus == 0) return node;
  const std::string_view type = table.text(model);
  const uint32_t bit = is_good_name(type) ? bit_of(type, cluster.gpu_types) : 0;
  if (bit == 0) {
    table.fail(model,
               "a GPU model, at most " + std::to_string(limits::kGpuTypes) + " in the file,");
  }
  node.gpu_type = static_cast<uint32_t>(std::countr_zero(bit));
  for (uint32_t i = 0; i < node.gpus; ++i) {
    node.capacity.gpu_milli[i] = 1000;
    node.capacity.gpu_memory_mib[i] = gpu_memory_mib_of(type);
  }
  return node;
}

}  // namespace

Workload read_openb_pods(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                         ReadReport& report) {
  return PodReader(lines, options, expected_jobs, report).read();
}

ClusterSpec read_openb_node_lines(LineReader& lines, const ReadOptions& options,
                                  ReadReport& report) {
  RowErrors errors(lines, options, report, true);
  CsvTable table(errors);
  ClusterSpec cluster;
  std::unordered_set<std::string> names;
  const auto header = [&] {
    for (const auto* name : {"sn", "cpu_milli", "memory_mib", "gpu", "model"}) table.require(name);
  };
  for_each_record(lines, errors, table, report, header, [&] {
    NodeSpec node = node_of_row(table, cluster);
    if (!names.insert(node.name).second) {
      table.fail(table.require("sn"), "a name that no earlier node has");
    }
    if (cluster.nodes.size() >= limits::kNodes) {
      errors.fail(0, "at most " + std::to_string(limits::kNodes) + " nodes", "more");
    }
    cluster.nodes.push_back(std::move(node));
  });
  report.bytes = lines.bytes();
  if (cluster.nodes.empty()) {
    throw InputError({.where = lines.name(),
                      .expected = "at least one node",
                      .found = report.bytes == 0 ? "an empty file" : "no row of a node",
                      .hint = ""});
  }
  return cluster;
}

int32_t gpu_memory_mib_of(std::string_view model) {
  // NVIDIA's data sheets. The P100 also came with 12 GB, but not with NVLink or in most clouds. G2
  // and G3 are names that hide the model.
  constexpr std::array<std::pair<std::string_view, int32_t>, 5> kKnown = {{
      {"P100", 16 * 1024},
      {"T4", 16 * 1024},
      {"A10", 24 * 1024},
      {"V100M16", 16 * 1024},
      {"V100M32", 32 * 1024},
  }};
  for (const auto& [name, mib] : kKnown) {
    if (name == model) return mib;
  }
  return 0;
}

void align_gpu_types(Workload& workload, ClusterSpec& cluster) {
  std::vector<uint32_t> bits;
  for (const auto& type : workload.gpu_types) {
    bits.push_back(bit_of(type, cluster.gpu_types));
    if (bits.back() == 0) {
      throw InputError({.where = "GPU types",
                        .expected = "at most " + std::to_string(limits::kGpuTypes) +
                                    " in cluster and workload together",
                        .found = "more",
                        .hint = ""});
    }
  }
  for (auto& spec : workload.specs) {
    uint32_t mask = 0;
    for (size_t i = 0; i < bits.size(); ++i) {
      if ((spec.each.gpu_types >> i & 1) != 0) mask |= bits[i];
    }
    spec.each.gpu_types = mask;
  }
  workload.gpu_types = cluster.gpu_types;
}

}  // namespace orrery::traces
