#include "compat/fgd_residue.hpp"

#include <array>

#include "actors/random.hpp"

namespace orrery::compat {

FgdResidue::FgdResidue(std::span<const TaskClass> classes, size_t pods) {
  double covered = 0;
  uint64_t counted = 0;
  for (const TaskClass& task : classes) {
    const double frequency = static_cast<double>(task.weight) / static_cast<double>(pods);
    classes_.push_back({task, frequency});
    covered += frequency;
    counted += task.weight;
  }
  if (counted == pods) return;
  covered = static_cast<double>(counted) / static_cast<double>(pods);
  for (Class& one : classes_) one.frequency /= covered;
}

double FgdResidue::fragmentation(const Capacity& left, uint32_t gpu_type) const {
  // Lacks GPUs and cores, lacks GPUs, usable, lacks cores, asks for no GPU and has the cores, asks
  // for no GPU and lacks the cores, may not use these GPUs.
  std::array<double, 7> sums{};
  int64_t idle = 0;
  for (const int16_t milli : left.gpu_milli) idle += milli;
  for (const Class& one : classes_) {
    const TaskClass& task = one.task;
    const bool has_cores = left.cpu_milli >= task.cpu_milli;
    const double all = one.frequency * static_cast<double>(idle);
    if (task.gpus == 0) {
      sums[has_cores ? 4 : 5] += all;
      continue;
    }
    if (task.gpu_types != 0 && (task.gpu_types >> gpu_type & 1u) == 0) {
      sums[6] += all;
      continue;
    }
    int32_t holding = 0;
    int64_t lost = 0;
    for (const int16_t milli : left.gpu_milli) {
      holding += milli >= task.gpu_milli ? 1 : 0;
      lost += milli < task.gpu_milli ? milli : 0;
    }
    if (holding < task.gpus) {
      sums[has_cores ? 1 : 0] += all;
    } else if (!has_cores) {
      sums[3] += all;
    } else {
      sums[1] += one.frequency * static_cast<double>(lost);
      sums[2] += one.frequency * static_cast<double>(idle - lost);
    }
  }
  return ((((sums[0] + sums[1]) + sums[3]) + sums[4]) + sums[5]) + sums[6];
}

int32_t FgdResidue::even_score(const Capacity& before, const Capacity& after,
                               uint32_t gpu_type) const {
  const double gain = fragmentation(before, gpu_type) - fragmentation(after, gpu_type);
  return static_cast<int32_t>(100 * (1 / (1 + portable_exp(-gain / 1000))));
}

}  // namespace orrery::compat
