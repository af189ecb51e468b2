// What the peer's floating-point sums make of a placement that changes no fragmentation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "actors/fragmentation.hpp"
#include "actors/resources.hpp"

namespace orrery::compat {

class FgdResidue {
 public:
  /// `classes` in the order in which the peer adds them up; `pods` in the list that they are of.
  FgdResidue(std::span<const TaskClass> classes, size_t pods);

  /// The peer's score of a node that becomes `after`, when by exact sums nothing changes: 50, or
  /// 49 where its sums differ in their last digits.
  int32_t even_score(const Capacity& before, const Capacity& after, uint32_t gpu_type) const;

 private:
  double fragmentation(const Capacity& left, uint32_t gpu_type) const;

  struct Class {
    TaskClass task;
    double frequency = 0;
  };
  std::vector<Class> classes_;
};

}  // namespace orrery::compat
