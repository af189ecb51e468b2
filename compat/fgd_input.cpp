#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "actors/error.hpp"
#include "compat/fgd.hpp"
#include "compat/records.hpp"
#include "traces/openb.hpp"
#include "traces/reader.hpp"

namespace orrery::compat {

namespace {

// What the engine's workload does not keep of a pod.
struct Spelling {
  uint32_t row = 0;
  std::string gpu_spec;
};

std::map<std::string, Spelling, std::less<>> spellings(const std::filesystem::path& pods) {
  std::map<std::string, Spelling, std::less<>> found;
  uint32_t row = 0;
  for_each_record(pods, {"name"}, [&](const traces::CsvTable& table) {
    found[std::string(table.text(table.find("name")))] = {
        row++, std::string(table.text(table.find("gpu_spec")))};
  });
  return found;
}

// Heaviest first; of equal weight the one that asks for more, by cores, milli-GPUs, GPUs and the
// spelling of its types. As few as make up the typical share.
std::vector<TaskClass> typical_classes(const FgdInput& input) {
  using Key = std::tuple<int64_t, int32_t, int32_t, std::string>;
  std::map<Key, TaskClass> counted;
  for (size_t i = 0; i < input.pods.size(); ++i) {
    const TaskClass one = class_of(input.pods[i].each, 0);
    const Key key{one.cpu_milli, one.gpu_milli, one.gpus, input.gpu_specs[i]};
    ++counted.try_emplace(key, one).first->second.weight;
  }
  std::vector<TaskClass> classes;
  for (auto at = counted.rbegin(); at != counted.rend(); ++at) {
    classes.push_back(at->second);
  }
  std::stable_sort(classes.begin(), classes.end(),
                   [](const TaskClass& x, const TaskClass& y) { return x.weight > y.weight; });
  size_t count = 0;
  uint64_t covered = 0;
  const auto wanted = TaskMix::kTypical * static_cast<double>(input.pods.size());
  while (count < classes.size() && static_cast<double>(covered) < wanted) {
    covered += classes[count++].weight;
  }
  classes.resize(count);
  return classes;
}

int64_t gpu_milli(const TaskDemand& each) {
  return each.gpus == 0 ? 0 : int64_t{each.gpus} * each.gpu_milli;
}

int64_t gpu_milli(const FgdInput& input) {
  int64_t sum = 0;
  for (const NodeSpec& node : input.cluster.nodes) sum += int64_t{1000} * node.gpus;
  return sum;
}

// Adds or takes away pods until they ask for `target` milli-GPUs.
void tune_to(double target, const FgdInput& input, GoRandom& random, std::vector<uint32_t>& pods) {
  int64_t wanted = 0;
  for (const uint32_t pod : pods) wanted += gpu_milli(input.pods[pod].each);
  while (static_cast<double>(wanted) > target && !pods.empty()) {
    const uint32_t at = random.below(static_cast<uint32_t>(pods.size()));
    wanted -= gpu_milli(input.pods[pods[at]].each);
    pods.erase(pods.begin() + at);
    if (static_cast<double>(wanted) <= target) return;
  }
  if (static_cast<double>(wanted) == target) return;
  while (true) {
    const uint32_t pod = random.below(static_cast<uint32_t>(input.pods.size()));
    const TaskDemand& each = input.pods[pod].each;
    // A quirk: one GPU of the pod counts towards the limit, all of them towards the sum.
    const int64_t one = each.gpus == 0 ? 0 : each.gpu_milli;
    if (static_cast<double>(wanted + one) > target) return;
    pods.push_back(pod);
    wanted += gpu_milli(each);
  }
}

}  // namespace

FgdInput read_fgd_input(const std::filesystem::path& nodes, const std::filesystem::path& pods) {
  FgdInput input;
  traces::ReadOptions options;
  options.format = traces::Format::kOpenb;
  traces::ReadReport report;
  input.cluster = traces::read_openb_nodes(nodes.string(), {}, report);
  Workload workload = traces::read_workload(pods.string(), options, report);
  traces::align_gpu_types(workload, input.cluster);
  std::sort(input.cluster.nodes.begin(), input.cluster.nodes.end(),
            [](const NodeSpec& x, const NodeSpec& y) { return x.name < y.name; });
  input.pods = std::move(workload.specs);
  std::sort(input.pods.begin(), input.pods.end(),
            [](const JobSpec& x, const JobSpec& y) { return x.name < y.name; });
  const auto spelled = spellings(pods);
  for (const JobSpec& pod : input.pods) {
    const Spelling& spelling = spelled.find(pod.name)->second;
    input.rows.push_back(spelling.row);
    input.gpu_specs.push_back(spelling.gpu_spec);
  }
  int64_t asked = 0;
  for (const JobSpec& pod : input.pods) asked += gpu_milli(pod.each);
  if (asked == 0 || gpu_milli(input) == 0) {
    throw InputError({.where = (asked == 0 ? pods : nodes).string(),
                      .expected = asked == 0 ? "a pod that asks for a GPU" : "a node with a GPU",
                      .found = "none",
                      .hint = "world fgd measures by GPUs"});
  }
  input.classes = typical_classes(input);
  return input;
}

FgdSequence draw_fgd_sequence(const FgdInput& input, const GoRandom::Table& table, int64_t seed,
                              double tune) {
  GoRandom random(table, seed);
  random.bits63();
  FgdSequence sequence;
  sequence.pods.resize(input.pods.size());
  std::iota(sequence.pods.begin(), sequence.pods.end(), 0);
  for (auto i = static_cast<uint32_t>(sequence.pods.size() - 1); i > 0; --i) {
    std::swap(sequence.pods[i], sequence.pods[random.shuffle_below(i + 1)]);
  }
  tune_to(tune * static_cast<double>(gpu_milli(input)), input, random, sequence.pods);
  for (int i = 0; i < 10; ++i) random.bits63();
  sequence.ranks = random.permutation(static_cast<uint32_t>(input.cluster.size()));
  return sequence;
}

FgdSequence read_fgd_sequence(const FgdInput& input, const std::filesystem::path& file) {
  std::vector<uint32_t> pod_of_row(input.pods.size());
  for (uint32_t pod = 0; pod < pod_of_row.size(); ++pod) pod_of_row[input.rows[pod]] = pod;
  FgdSequence sequence;
  std::vector<uint8_t> taken(input.cluster.size());
  for_each_record(file, {"kind", "position", "value"}, [&](const traces::CsvTable& table) {
    const std::string_view kind = table.text(table.find("kind"));
    if (kind != "pod" && kind != "node") table.fail(table.find("kind"), "pod or node");
    std::vector<uint32_t>& values = kind == "pod" ? sequence.pods : sequence.ranks;
    const auto next = static_cast<int64_t>(values.size());
    if (table.whole(table.find("position"), 0, limits::kJobs) != next) {
      table.fail(table.find("position"), std::to_string(next) + ", as positions count up from 0,");
    }
    const size_t most = kind == "pod" ? input.pods.size() : input.cluster.size();
    const size_t value = table.find("value");
    const auto given = static_cast<uint32_t>(table.whole(value, 0, static_cast<int64_t>(most) - 1));
    if (kind == "pod") {
      values.push_back(pod_of_row[given]);
    } else {
      if (taken[given]++ != 0) table.fail(value, "a rank that no earlier node has");
      values.push_back(given);
    }
  });
  if (sequence.pods.empty() || sequence.ranks.size() != input.cluster.size()) {
    throw InputError({.where = file.string(),
                      .expected = "arrivals of pods, and " + std::to_string(input.cluster.size()) +
                                  " ranks of nodes",
                      .found = std::to_string(sequence.pods.size()) + " and " +
                               std::to_string(sequence.ranks.size()),
                      .hint = "does the sequence belong to these lists?"});
  }
  return sequence;
}

}  // namespace orrery::compat
