// MuriRules: what a policy of world "muri" does at an event, beside the loop that all share.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "compat/muri.hpp"

namespace orrery::compat {

inline constexpr double kNever = std::numeric_limits<double>::infinity();

/// A job as the simulator knows it. Times in seconds.
struct MuriJobState {
  uint32_t gpus = 1;
  double submit = 0;
  double iteration = 0;  ///< an iteration alone on its GPUs, 1.5 % included
  double overhead = 0;
  double remaining = 0;  ///< iterations
  bool opportunistic = false;
  std::array<double, 3> resources{};  ///< parts of an iteration, without the 1.5 %
  bool running = false;
};

/// Iterations that an interval of `dt` seconds takes off, at `pace` seconds an iteration.
inline double progress(const MuriJobState& job, double dt, double pace) {
  const double useful = dt - job.overhead;
  return (useful > 0 ? useful : 0) / pace;
}

/// Jobs that end together.
struct EndGroup {
  double at = kNever;
  std::vector<uint32_t> jobs;
};

/// a and b are equal within a billionth of the larger.
bool is_close(double a, double b);

/// The earliest group of ends: each job joins the first group whose founder is close to it, in the
/// order given; the earliest founder's group is the next to end.
class EndGrouping {
 public:
  void clear() { groups_.clear(), ends_.clear(); }
  void add(uint32_t job, double end);
  EndGroup earliest() const;

 private:
  struct End {
    uint32_t job;
    uint32_t group;
  };
  std::vector<double> groups_;  // the founder's time
  std::vector<End> ends_;
};

class MuriRules {
 public:
  explicit MuriRules(std::vector<MuriJobState>& jobs) : jobs_(jobs) {}
  virtual ~MuriRules() = default;

  virtual void complete(uint32_t job) = 0;
  virtual void arrive(uint32_t job) = 0;
  /// The running jobs have run from `before` to `now`.
  virtual void advance(double before, double now) = 0;
  /// Chooses who runs from now on, and predicts the next end.
  virtual void decide(double now) = 0;

  bool idle() const { return active_.empty(); }
  const EndGroup& next_end() const { return next_end_; }
  /// An event of its own that the policy wants, should nothing come before it.
  double next_check() const { return next_check_; }
  const std::array<uint64_t, 2>& demotions() const { return demotions_; }

 protected:
  std::vector<MuriJobState>& jobs_;
  std::vector<uint32_t> active_;  // arrived and not completed, in an order of the policy's own
  EndGroup next_end_;
  double next_check_ = kNever;
  std::array<uint64_t, 2> demotions_{};
};

/// SRTF and SRSF.
std::unique_ptr<MuriRules> shortest_rules(std::vector<MuriJobState>& jobs, const MuriSetup& setup);
std::unique_ptr<MuriRules> tiresias_l_rules(std::vector<MuriJobState>& jobs,
                                            const MuriSetup& setup);
std::unique_ptr<MuriRules> antman_rules(std::vector<MuriJobState>& jobs, const MuriSetup& setup);

}  // namespace orrery::compat
