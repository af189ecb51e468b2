// Shockwave's simulator (Zheng et al., NSDI 2023): Gavel's rounds (rounds.hpp), two minutes long,
// with jobs that change their batch size while they train. Quirks:
// - A job that did not run in the round before pays 20 s for its start, but only where its task
//   fills the round, and not in the first round; the task ends no earlier or later for that.
// - A job that has run for one and a half times its estimate ends, whatever it has left.
// - A change of the batch size can leave a job with fewer steps than it has made. Its tasks then
//   fail, and with the fifth in a row it ends; it counts among the others.
// - A change waits for the next task of its job to end, and makes no new reckoning of shares.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "compat/rounds.hpp"
#include "compat/world.hpp"
#include "traces/throughputs.hpp"

namespace orrery::compat {

/// By how much a job's batch grows with the epochs, measured by Shockwave's authors: a step
/// function of the epoch for each model, first batch size and number of GPUs.
class BatchGrowth {
 public:
  /// Reads model, batch_size, scale_factor, from_epoch, multiplier.
  static BatchGrowth read(const std::string& path);
  /// 1 where nothing was measured.
  int64_t multiplier(const std::string& model, int64_t batch, int64_t gpus, int64_t epoch) const;

 private:
  std::map<std::tuple<std::string, int64_t, int64_t>, std::map<int64_t, int64_t>> steps_;
};

/// What a job's kind says: "ResNet-18 (batch size 32)".
struct ModelAndBatch {
  std::string model;
  int64_t batch = 0;  ///< 0: the kind names none
};
ModelAndBatch model_and_batch(const std::string& kind);

class ShockwaveRules final : public RoundRules {
 public:
  /// `durations_s`: by job, the run time of the rule that ends overdue jobs.
  ShockwaveRules(const std::vector<RoundJob>& jobs, std::vector<double> durations_s,
                 const traces::Throughputs& table, const BatchGrowth& growth,
                 const RoundCluster& cluster);

  void charge(RoundTask& task, int64_t round) const override;
  bool failed(const RoundTask& task) const override;
  bool overdue(const RoundJob& job) const override;
  void after_task(RoundJob& job) override;
  void after_round(RoundJob& job) override;

 private:
  enum class Wish : uint8_t { kNone, kUp, kDown };
  struct Batch {
    std::string model;
    int64_t first = 0;
    int64_t now = 0;
    Wish wish = Wish::kNone;
  };
  Wish wish_of(const RoundJob& job, const Batch& batch) const;
  bool critical(const Batch& batch, int64_t epoch) const;

  std::vector<Batch> batches_;  // by job
  std::vector<double> durations_s_;
  const traces::Throughputs& table_;
  const BatchGrowth& growth_;
  const RoundCluster& cluster_;
};

World shockwave_world();

}  // namespace orrery::compat
