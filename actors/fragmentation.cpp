#include "actors/fragmentation.hpp"

#include <algorithm>
#include <tuple>

namespace orrery {

namespace {

auto order_of(const TaskClass& c) {
  return std::tie(c.cpu_milli, c.gpu_milli, c.gpus, c.gpu_types);
}

bool may_use(const TaskClass& task, uint32_t gpu_type) {
  return task.gpus > 0 && (task.gpu_types == 0 || (task.gpu_types >> gpu_type & 1u) != 0);
}

}  // namespace

TaskClass class_of(const TaskDemand& demand, uint64_t weight) {
  if (demand.gpus == 0) return {demand.cpu_milli, 0, 0, 0, weight};
  return {demand.cpu_milli, demand.gpus, demand.gpu_milli, demand.gpu_types, weight};
}

std::vector<TaskClass> TaskMix::typical(std::vector<TaskClass> classes, double share) {
  std::sort(classes.begin(), classes.end(),
            [](const TaskClass& x, const TaskClass& y) { return order_of(x) > order_of(y); });
  size_t kept = 0;
  uint64_t all = 0;
  for (const TaskClass& task : classes) {
    all += task.weight;
    if (kept > 0 && classes[kept - 1].asks_alike(task)) {
      classes[kept - 1].weight += task.weight;
    } else {
      classes[kept++] = task;
    }
  }
  classes.resize(kept);
  std::stable_sort(classes.begin(), classes.end(),
                   [](const TaskClass& x, const TaskClass& y) { return x.weight > y.weight; });
  uint64_t covered = 0;
  size_t count = 0;
  while (count < kept && static_cast<double>(covered) < share * static_cast<double>(all)) {
    covered += classes[count++].weight;
  }
  classes.resize(count);
  return classes;
}

TaskMix::TaskMix(std::span<const TaskClass> classes) {
  uint32_t named = 0;
  for (const TaskClass& task : classes) {
    weight_ += static_cast<int64_t>(task.weight);
    if (task.gpus > 0) levels_.push_back(task.gpu_milli);
    named |= task.gpu_types;
  }
  std::sort(levels_.begin(), levels_.end());
  levels_.erase(std::unique(levels_.begin(), levels_.end()), levels_.end());
  for (size_t milli = 0; milli < level_of_.size(); ++milli) {
    auto above = std::upper_bound(levels_.begin(), levels_.end(), static_cast<int32_t>(milli));
    level_of_[milli] = static_cast<uint16_t>(above - levels_.begin());
  }
  // One more than is named: for every type that no class names.
  const auto types = static_cast<uint32_t>(std::bit_width(named)) + 1;
  for (uint32_t type = 0; type < types; ++type) types_.push_back(type_of(classes, type));
}

TaskMix::Type TaskMix::type_of(std::span<const TaskClass> classes, uint32_t gpu_type) const {
  // In a row, each level has a column for each number of GPUs that makes a difference; column 0
  // stays zero.
  Type type;
  type.offsets.assign(levels_.size() * kCounts, 0);
  type.columns = 1;
  auto at = [&](const TaskClass& task) {
    return static_cast<size_t>(level_of_[static_cast<size_t>(task.gpu_milli)] - 1) * kCounts;
  };
  for (const TaskClass& task : classes) {
    if (!may_use(task, gpu_type)) continue;
    type.cpus.push_back(task.cpu_milli);
    type.offsets[at(task) + static_cast<size_t>(task.gpus)] = 1;
  }
  std::sort(type.cpus.begin(), type.cpus.end());
  type.cpus.erase(std::unique(type.cpus.begin(), type.cpus.end()), type.cpus.end());
  for (size_t level = 0; level < levels_.size(); ++level) {
    uint32_t column = 0;
    for (size_t gpus = 0; gpus < kCounts; ++gpus) {
      uint32_t& offset = type.offsets[level * kCounts + gpus];
      if (offset != 0) column = type.columns++;
      offset = column;
    }
  }
  type.fitting.assign(type.cpus.size() * type.columns, 0);
  for (const TaskClass& task : classes) {
    if (!may_use(task, gpu_type)) continue;
    const auto first = std::lower_bound(type.cpus.begin(), type.cpus.end(), task.cpu_milli);
    const auto row = static_cast<size_t>(first - type.cpus.begin());
    uint32_t last = 0;
    for (auto gpus = static_cast<size_t>(task.gpus); gpus < kCounts; ++gpus) {
      const uint32_t column = type.offsets[at(task) + gpus];
      if (column == last) continue;
      type.fitting[row * type.columns + column] += static_cast<int64_t>(task.weight);
      last = column;
    }
  }
  // What fits a node with fewer cores fits one with more.
  for (size_t i = type.columns; i < type.fitting.size(); ++i) {
    type.fitting[i] += type.fitting[i - type.columns];
  }
  return type;
}

int64_t TaskMix::fragmentation(const Capacity& left, uint32_t gpu_type) const {
  return Node(*this, left, gpu_type).fragmentation();
}

TaskMix::Node::Node(const TaskMix& mix, const Capacity& left, uint32_t gpu_type)
    : mix_(mix), left_(left) {
  const size_t levels = mix.levels_.size();
  std::fill_n(milli_.begin(), levels + 1, 0);
  std::fill_n(gpus_.begin(), levels + 1, uint8_t{0});
  for (const int16_t milli : left.gpu_milli) {
    if (milli <= 0) continue;
    const size_t held = mix.level_of_[static_cast<size_t>(milli)];
    idle_ += milli;
    milli_[held] += milli;
    ++gpus_[held];
  }
  if (mix.types_.empty()) return;
  const Type& type = mix.types_[std::min<size_t>(gpu_type, mix.types_.size() - 1)];
  auto above = std::upper_bound(type.cpus.begin(), type.cpus.end(), left.cpu_milli);
  if (above == type.cpus.begin()) return;
  fitting_ = type.fitting.data() + (above - type.cpus.begin() - 1) * type.columns;
  offsets_ = type.offsets.data();
  // From "as many levels as that" to "that level or more": sums from the top.
  for (size_t level = levels; level > 0; --level) {
    usable_ += usable_of(level - 1, milli_[level], gpus_[level]);
    milli_[level - 1] += milli_[level];
    gpus_[level - 1] = static_cast<uint8_t>(gpus_[level - 1] + gpus_[level]);
  }
}

// Levels count from 0; what their GPUs have stands one further up.
int64_t TaskMix::Node::usable_of(size_t level, int64_t milli, size_t gpus) const {
  return milli * fitting_[offsets_[level * kCounts + gpus]];
}

int64_t TaskMix::Node::fragmentation_without(size_t gpu, int32_t milli) const {
  int64_t usable = usable_;
  if (fitting_ != nullptr) {
    const int32_t had = left_.gpu_milli[gpu];
    const size_t before = mix_.level_of_[static_cast<size_t>(had)];
    const size_t after = mix_.level_of_[static_cast<size_t>(had - milli)];
    for (size_t level = 0; level < before; ++level) {
      const int64_t here = milli_[level + 1];
      const size_t gpus = gpus_[level + 1];
      const bool still = level < after;
      usable += usable_of(level, here - (still ? milli : had), still ? gpus : gpus - 1) -
                usable_of(level, here, gpus);
    }
  }
  return (idle_ - milli) * mix_.weight_ - usable;
}

}  // namespace orrery
