// Misfits: what was found not to fit, so that what asks for no less need not be tried.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "actors/resources.hpp"

namespace orrery {

/// Of one space, for as long as nothing is given back to it. Remembers a few: what they do not rule
/// out may fit or not.
class Misfits {
 public:
  void clear() { count_ = next_ = 0; }
  /// True when `tasks` tasks of `demand` cannot fit.
  bool rule_out(const TaskDemand& demand, uint32_t tasks) {
    auto end = known_.begin() + count_;
    auto found = std::find_if(known_.begin(), end,
                              [&](const Misfit& m) { return asks_for_no_less(demand, tasks, m); });
    if (found == end) return false;
    std::swap(*found, known_.front());  // what rules out one rules out many
    return true;
  }
  /// `tasks` tasks of `demand` did not fit. Requires: it was not ruled out.
  void add(const TaskDemand& demand, uint32_t tasks) {
    const Misfit added{demand, tasks};
    auto implied = [&](const Misfit& m) { return asks_for_no_less(m.demand, m.tasks, added); };
    auto end = std::remove_if(known_.begin(), known_.begin() + count_, implied);
    count_ = end - known_.begin();
    if (count_ < static_cast<std::ptrdiff_t>(known_.size())) {
      known_[static_cast<size_t>(count_++)] = added;
    } else {
      known_[static_cast<size_t>(next_++) % known_.size()] = added;
    }
  }

 private:
  struct Misfit {
    TaskDemand demand;
    uint32_t tasks = 0;
  };

  // By what tasks_that_fit() counts: it falls with every one of these.
  static bool asks_for_no_less(const TaskDemand& demand, uint32_t tasks, const Misfit& known) {
    const TaskDemand& less = known.demand;
    if (tasks < known.tasks || demand.cpu_milli < less.cpu_milli ||
        demand.memory_mib < less.memory_mib) {
      return false;
    }
    return less.gpus == 0 ||
           (demand.gpus == less.gpus && demand.gpu_milli == less.gpu_milli &&
            demand.gpu_types == less.gpu_types && demand.gpu_memory_mib >= less.gpu_memory_mib);
  }

  std::array<Misfit, 32> known_;
  std::ptrdiff_t count_ = 0;
  std::ptrdiff_t next_ = 0;  ///< the one to be replaced when all places are taken
};

}  // namespace orrery
