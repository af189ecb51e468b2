// Misfits: what was found not to fit, so that what asks for no less need not be tried.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "actors/resources.hpp"

namespace orrery {

/// Whether `demand` fits nowhere where `less` does not: tasks_that_fit() falls with every one of
/// these.
inline bool asks_for_no_less(const TaskDemand& demand, const TaskDemand& less) {
  if (demand.cpu_milli < less.cpu_milli || demand.memory_mib < less.memory_mib) return false;
  return less.gpus == 0 ||
         (demand.gpus == less.gpus && demand.gpu_milli == less.gpu_milli &&
          demand.gpu_types == less.gpu_types && demand.gpu_memory_mib >= less.gpu_memory_mib);
}

/// Of one space, for as long as nothing is given back to it. Remembers a few: what they do not rule
/// out may fit or not.
class Misfits {
 public:
  void clear() { count_ = next_ = 0; }
  /// True when `tasks` tasks of `demand` cannot fit.
  bool rule_out(const TaskDemand& demand, uint32_t tasks) {
    auto end = known_.begin() + count_;
    auto found = std::find_if(known_.begin(), end,
                              [&](const Misfit& m) { return implies(demand, tasks, m); });
    if (found == end) return false;
    std::swap(*found, known_.front());  // what rules out one rules out many
    return true;
  }
  /// `tasks` tasks of `demand` did not fit. Requires: it was not ruled out.
  void add(const TaskDemand& demand, uint32_t tasks) {
    const Misfit added{demand, tasks};
    auto implied = [&](const Misfit& m) { return implies(m.demand, m.tasks, added); };
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

  static bool implies(const TaskDemand& demand, uint32_t tasks, const Misfit& known) {
    return tasks >= known.tasks && asks_for_no_less(demand, known.demand);
  }

  std::array<Misfit, 32> known_;
  std::ptrdiff_t count_ = 0;
  std::ptrdiff_t next_ = 0;  ///< the one to be replaced when all places are taken
};

/// The nodes in front that are full: most searches of a pass would look at them all in vain. Of one
/// space, for as long as nothing is given back to it.
class FullNodes {
 public:
  void clear() { known_.fill({}); }
  /// No node before this one has room for a task of `demand`.
  uint32_t before(const TaskDemand& demand) const {
    uint32_t first = 0;
    for (const Known& known : known_) {
      if (known.first > first && asks_for_no_less(demand, known.demand)) first = known.first;
    }
    return first;
  }
  /// The first node that has room for one is `first`.
  void add(const TaskDemand& demand, uint32_t first) {
    auto place = std::find_if(known_.begin(), known_.end(),
                              [&](const Known& known) { return known.demand == demand; });
    if (place == known_.end()) place = known_.begin() + next_++ % known_.size();
    *place = {demand, first};
  }

 private:
  struct Known {
    TaskDemand demand;
    uint32_t first = 0;
  };

  std::array<Known, 8> known_;
  size_t next_ = 0;
};

}  // namespace orrery
