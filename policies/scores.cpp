#include "policies/scores.hpp"

#include <algorithm>
#include <utility>

#include "actors/check.hpp"

namespace orrery {

namespace {

// Scores that are kept at a time; 8 bytes each.
constexpr size_t kMostKept = 4'000'000;
constexpr int32_t kWholeGpu = 1000;

int64_t gpu_milli_of(const Capacity& left) {
  int64_t sum = 0;
  for (const int16_t milli : left.gpu_milli) sum += milli;
  return sum;
}

int64_t gpu_milli_of(const TaskDemand& demand) { return int64_t{demand.gpus} * demand.gpu_milli; }

bool holds(const Capacity& left, size_t gpu, const TaskDemand& demand) {
  return left.gpu_milli[gpu] >= demand.gpu_milli &&
         left.gpu_memory_mib[gpu] >= demand.gpu_memory_mib;
}

// An earlier GPU has as much left, so nothing is won by trying this one.
bool is_tried(const Capacity& left, size_t gpu, const TaskDemand& demand) {
  for (size_t earlier = 0; earlier < gpu; ++earlier) {
    if (left.gpu_milli[earlier] == left.gpu_milli[gpu] && holds(left, earlier, demand)) return true;
  }
  return false;
}

double ratio(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

int32_t best_fit(int64_t cpu_left, int64_t gpu_left, int64_t most_cpu, int64_t most_gpu) {
  return static_cast<int32_t>(
      100 * (1 - (0.5 * ratio(cpu_left, most_cpu) + 0.5 * ratio(gpu_left, most_gpu))));
}

int32_t dot_product(const Capacity& left, const TaskDemand& demand, int64_t most_cpu,
                    int64_t most_gpu) {
  const double cpu = ratio(left.cpu_milli, most_cpu) * ratio(demand.cpu_milli, most_cpu);
  const double gpu = ratio(gpu_milli_of(left), most_gpu) * ratio(gpu_milli_of(demand), most_gpu);
  return static_cast<int32_t>(100 * (1 - (cpu + gpu) / 2));
}

int32_t clustering(const Capacity& left, const TaskDemand& demand, Kinds kinds, int64_t most_gpu) {
  if (demand.gpus == 0) return 0;
  const Kinds kind = kind_of(demand);
  int32_t base = 0;
  if (kinds == kind) {
    base = 75;
  } else if ((kinds & kind) != 0) {
    base = 50;
  } else if (kinds == 0) {
    base = 25;
  }
  return base + static_cast<int32_t>(25 * (most_gpu - gpu_milli_of(left)) / most_gpu);
}

// A node in use is worth up to 50 points, the more the fewer free GPUs are broken into; one that
// need not break into any up to 100, the more the less its GPUs have left; an unused node up to 33,
// the more the smaller it is.
int32_t packing(const Capacity& left, const TaskDemand& demand, uint32_t gpus) {
  if (demand.gpus == 0) return 0;
  std::array<size_t, limits::kGpusPerNode> fullest_first{};
  int32_t unused = 0;
  for (size_t gpu = 0; gpu < fullest_first.size(); ++gpu) {
    fullest_first[gpu] = gpu;
    if (left.gpu_milli[gpu] == kWholeGpu) ++unused;
  }
  if (unused == static_cast<int32_t>(gpus)) return std::max(33 - unused, unused);
  std::stable_sort(fullest_first.begin(), fullest_first.end(),
                   [&](size_t x, size_t y) { return left.gpu_milli[x] < left.gpu_milli[y]; });
  int32_t wanted = demand.gpus;
  int32_t broken = 0;
  int32_t percent = 0;
  for (const size_t gpu : fullest_first) {
    if (wanted == 0) break;
    if (!holds(left, gpu, demand)) continue;
    --wanted;
    if (left.gpu_milli[gpu] == kWholeGpu) ++broken;
    percent += left.gpu_milli[gpu] * 100 / kWholeGpu;
  }
  return broken > 0 ? std::max(50 - broken, 33) : std::max(100 - percent / 10, 50);
}

}  // namespace

Kinds kind_of(const TaskDemand& demand) {
  if (demand.gpus == 0) return 0;
  return demand.shares_gpu() ? 1u : 1u << demand.gpus;
}

void Scores::set_mix(std::shared_ptr<const TaskMix> mix) {
  mix_ = std::move(mix);
  rows_.clear();
  // 100 / (1 + exp(-x)) reaches p at x = ln(p / (100 - p)); gains are counted in weight x milli.
  const double unit = 1000 * static_cast<double>(mix_->weight());
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto p = static_cast<double>(i + 1);
    steps_[i] = portable_log(p / (100 - p)) * unit;
  }
}

void Scores::changed(uint32_t node) {
  if (node < version_.size()) ++version_[node];
}

void Scores::set_kinds(uint32_t node, Kinds kinds) {
  if (node >= kinds_.size()) kinds_.resize(node + 1, 0);
  if (kinds_[node] == kinds) return;
  kinds_[node] = kinds;
  changed(node);
}

void Scores::measure(const ClusterSpec& cluster) {
  if (measured_ == cluster.size()) return;
  measured_ = cluster.size();
  for (const NodeSpec& node : cluster.nodes) {
    most_cpu_ = std::max(most_cpu_, node.capacity.cpu_milli);
    most_gpu_ = std::max(most_gpu_, gpu_milli_of(node.capacity));
  }
  version_.assign(cluster.size(), 1);
  kinds_.resize(cluster.size(), 0);
  rows_.clear();
}

Scores::Row& Scores::row_of(const TaskDemand& demand, size_t nodes) {
  auto found = std::find_if(rows_.begin(), rows_.end(),
                            [&](const Row& row) { return row.demand == demand; });
  if (found != rows_.end()) return *found;
  if ((rows_.size() + 1) * nodes <= kMostKept || rows_.empty()) {
    return rows_.emplace_back(
        Row{demand, std::vector<int32_t>(nodes, kDoesNotFit), std::vector<uint32_t>(nodes, 0)});
  }
  Row& row = rows_[next_++ % rows_.size()];
  row.demand = demand;
  std::fill(row.version.begin(), row.version.end(), 0);
  return row;
}

std::span<const int32_t> Scores::all(const Space& space, const TaskDemand& demand) {
  measure(*space.cluster);
  Row& row = row_of(demand, space.free.size());
  for (uint32_t node = 0; node < row.scores.size(); ++node) {
    if (row.version[node] == version_[node]) continue;
    row.version[node] = version_[node];
    row.scores[node] = score(space, node, space.free[node], demand);
  }
  return row.scores;
}

std::optional<Choice> Scores::best(const Space& space, const TaskDemand& demand) {
  const std::span<const int32_t> scores = all(space, demand);
  Choice choice;
  if (how_ == Scoring::kRandomGpu) {
    uint64_t count = 0;
    for (const int32_t score : scores) count += score != kDoesNotFit ? 1 : 0;
    if (count == 0) return std::nullopt;
    uint64_t skip = random_.below(count);
    while (scores[choice.node] == kDoesNotFit || skip-- > 0) ++choice.node;
  } else {
    const auto at = std::max_element(scores.begin(), scores.end());
    if (at == scores.end() || *at == kDoesNotFit) return std::nullopt;
    choice.node = static_cast<uint32_t>(at - scores.begin());
  }
  score(space, choice.node, space.free[choice.node], demand, &choice.gpus);
  return choice;
}

uint32_t Scores::draw_gpu(const Capacity& left, const TaskDemand& demand) {
  std::array<uint32_t, limits::kGpusPerNode> fit{};
  size_t count = 0;
  for (uint32_t gpu = 0; gpu < fit.size(); ++gpu) {
    if (holds(left, gpu, demand)) fit[count++] = gpu;
  }
  return fit[random_.below(count)];
}

int32_t Scores::score(const Space& space, uint32_t node, const Capacity& left,
                      const TaskDemand& demand, GpuSet* gpus) {
  measure(*space.cluster);
  const NodeSpec& spec = space.cluster->nodes[node];
  if (!space.up.empty() && space.up[node] == 0) return kDoesNotFit;
  if (tasks_that_fit(left, spec.gpu_type, demand, 1) == 0) return kDoesNotFit;
  if (how_ == Scoring::kFgd) return fgd(*space.cluster, node, left, demand, gpus);
  if (gpus != nullptr) *gpus = choose_gpus(left, demand, 1);
  switch (how_) {
    case Scoring::kBestFitGpu:
      return best_fit(left.cpu_milli - demand.cpu_milli, gpu_milli_of(left) - gpu_milli_of(demand),
                      most_cpu_, most_gpu_);
    case Scoring::kDotProduct: return dot_product(left, demand, most_cpu_, most_gpu_);
    case Scoring::kGpuClustering: return clustering(left, demand, kinds_[node], most_gpu_);
    case Scoring::kGpuPacking: return packing(left, demand, spec.gpus);
    case Scoring::kRandomGpu:
      if (gpus != nullptr && demand.shares_gpu() && demand.gpus == 1) {
        gpus->mask = 1u << draw_gpu(left, demand);
      }
      return 0;
    case Scoring::kFgd: break;
  }
  return kDoesNotFit;
}

int32_t Scores::points(int64_t gain, uint32_t node, const Capacity& before,
                       const TaskDemand& demand, GpuSet gpus) const {
  if (gain == 0 && even_) {
    Capacity after = before;
    take(after, demand, {node, 1, gpus});
    return even_(node, before, after);
  }
  const auto reached = std::upper_bound(steps_.begin(), steps_.end(), static_cast<double>(gain));
  return static_cast<int32_t>(reached - steps_.begin());
}

int32_t Scores::fgd(const ClusterSpec& cluster, uint32_t node, const Capacity& left,
                    const TaskDemand& demand, GpuSet* gpus) const {
  ORRERY_CHECK(mix_ != nullptr, "fragmentation without a mix");
  const uint32_t type = cluster.nodes[node].gpu_type;
  const int64_t before = mix_->fragmentation(left, type);
  Capacity after = left;
  if (!demand.shares_gpu() || demand.gpus > 1) {
    const GpuSet set = choose_gpus(left, demand, 1);
    take(after, demand, {node, 1, set});
    if (gpus != nullptr) *gpus = set;
    return points(before - mix_->fragmentation(after, type), node, left, demand, set);
  }
  after.cpu_milli -= demand.cpu_milli;
  const TaskMix::Node without_cores(*mix_, after, type);
  int32_t best = kDoesNotFit;
  for (size_t gpu = 0; gpu < limits::kGpusPerNode; ++gpu) {
    if (!holds(left, gpu, demand)) continue;
    if (is_tried(left, gpu, demand)) continue;
    const GpuSet set{1u << gpu, static_cast<uint16_t>(demand.gpu_milli)};
    const int64_t gain = before - without_cores.fragmentation_without(gpu, demand.gpu_milli);
    const int32_t here = points(gain, node, left, demand, set);
    if (here <= best) continue;
    best = here;
    if (gpus != nullptr) *gpus = set;
  }
  return best;
}

}  // namespace orrery
