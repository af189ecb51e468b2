// Tiresias-L of world "muri": least attained service in queues.
//
// Quirks: GPUs are counted, not placed; attained time includes the overhead; the jump that looks
// for demotions rounds a queue's limit up to whole seconds a GPU; a job falls one queue an event at
// most; none is ever promoted.
#include <algorithm>
#include <cmath>

#include "compat/muri_rules.hpp"

namespace orrery::compat {

namespace {

// GPU-seconds at which a job leaves a queue. The third limit of the simulator, 18000, is never
// looked at, as there is no fourth queue.
constexpr std::array<double, 2> kLimits = {3250, 7200};

class TiresiasL final : public MuriRules {
 public:
  TiresiasL(std::vector<MuriJobState>& jobs, const MuriSetup& setup)
      : MuriRules(jobs),
        gpus_(uint64_t{setup.nodes} * setup.gpus_per_node),
        attained_(jobs.size(), 0),
        queue_of_(jobs.size(), 0) {}

  void complete(uint32_t job) override {
    erase(active_, job);
    erase(queues_[queue_of_[job]], job);
  }

  void arrive(uint32_t job) override {
    active_.push_back(job);
    queues_[0].push_back(job);
  }

  void advance(double before, double now) override {
    for (uint32_t id : active_) {
      MuriJobState& job = jobs_[id];
      if (!job.running) continue;
      job.remaining -= progress(job, now - before, job.iteration);
      attained_[id] = (attained_[id] + now) - before;
      const uint32_t queue = queue_of_[id];
      if (queue < kLimits.size() && attained_[id] * job.gpus >= kLimits[queue]) {
        erase(queues_[queue], id);
        queues_[queue + 1].push_back(id);
        queue_of_[id] = queue + 1;
        ++demotions_[queue];
      }
    }
  }

  void decide(double now) override {
    uint64_t free = gpus_;
    for (std::vector<uint32_t>& queue : queues_) {
      for (uint32_t id : queue) {
        MuriJobState& job = jobs_[id];
        job.running = job.gpus <= free;
        if (job.running) free -= job.gpus;
      }
      // Who runs stays ahead of who waits, also at later events.
      std::stable_partition(queue.begin(), queue.end(),
                            [this](uint32_t id) { return jobs_[id].running; });
    }
    predict(now);
  }

 private:
  static void erase(std::vector<uint32_t>& list, uint32_t job) {
    list.erase(std::find(list.begin(), list.end(), job));
  }

  void predict(double now) {
    next_end_ = {};
    next_check_ = kNever;
    for (uint32_t id : active_) {
      const MuriJobState& job = jobs_[id];
      if (!job.running) continue;
      const double end = now + job.remaining * job.iteration;
      if (end < next_end_.at) next_end_ = {end, {}};
      if (end == next_end_.at) next_end_.jobs.push_back(id);
      const uint32_t queue = queue_of_[id];
      if (queue == kLimits.size()) continue;
      const double check = (std::ceil(kLimits[queue] / job.gpus) - attained_[id]) + now;
      next_check_ = std::min(next_check_, check);
    }
  }

  uint64_t gpus_;
  std::array<std::vector<uint32_t>, 3> queues_;
  std::vector<double> attained_;  // by job, seconds
  std::vector<uint32_t> queue_of_;
};

}  // namespace

std::unique_ptr<MuriRules> tiresias_l_rules(std::vector<MuriJobState>& jobs,
                                            const MuriSetup& setup) {
  return std::make_unique<TiresiasL>(jobs, setup);
}

}  // namespace orrery::compat
