// SRTF and SRSF of world "muri".
//
// Quirks: at each event all GPUs count as free and are dealt out anew in the order of the list, so
// a job may change nodes without paying for it; the sorted list stays as it is, so that the order
// of the last event decides ties.
#include <algorithm>

#include "compat/muri_rules.hpp"

namespace orrery::compat {

namespace {

// The simulator's "yarn" placement: a gang of at most a node's GPUs goes whole to the first node
// with room for it; a larger one takes the first idle nodes, and what remains of it the first other
// node with room. Cores and memory never bind on its cluster and are left out.
class YarnNodes {
 public:
  explicit YarnNodes(const MuriSetup& setup)
      : gpus_(setup.gpus_per_node), free_(setup.nodes, setup.gpus_per_node) {}

  void clear() {
    std::fill(free_.begin(), free_.end(), gpus_);
    total_ = free_.size() * gpus_;
  }
  bool full() const { return total_ == 0; }

  bool place(uint32_t gang) {
    if (gang > total_) return false;
    taken_.clear();
    const uint32_t rest = gang % gpus_;
    for (size_t node = 0, whole = gang / gpus_; whole > 0 && node < free_.size(); ++node) {
      if (free_[node] != gpus_) continue;
      taken_.push_back(node);
      --whole;
    }
    if (taken_.size() < gang / gpus_) return false;
    size_t last = free_.size();
    if (rest > 0) {
      last = 0;
      while (last < free_.size() && (free_[last] < rest || is_taken(last))) ++last;
      if (last == free_.size()) return false;
      free_[last] -= rest;
    }
    for (size_t node : taken_) free_[node] = 0;
    total_ -= gang;
    return true;
  }

 private:
  bool is_taken(size_t node) const {
    return std::find(taken_.begin(), taken_.end(), node) != taken_.end();
  }

  uint32_t gpus_;
  std::vector<uint32_t> free_;
  std::vector<size_t> taken_;
  uint64_t total_ = 0;
};

class Shortest final : public MuriRules {
 public:
  Shortest(std::vector<MuriJobState>& jobs, const MuriSetup& setup)
      : MuriRules(jobs),
        by_service_(setup.policy == MuriPolicy::kSrsf),
        nodes_(setup),
        keys_(jobs.size()) {}

  void complete(uint32_t job) override {
    active_.erase(std::find(active_.begin(), active_.end(), job));
  }

  void arrive(uint32_t job) override {
    keys_[job] = key_of(job);
    active_.push_back(job);
  }

  void advance(double before, double now) override {
    for (uint32_t id : active_) {
      MuriJobState& job = jobs_[id];
      if (!job.running) continue;
      job.remaining -= progress(job, now - before, job.iteration);
      keys_[id] = key_of(id);
    }
  }

  void decide(double now) override {
    std::stable_sort(active_.begin(), active_.end(),
                     [this](uint32_t a, uint32_t b) { return keys_[a] < keys_[b]; });
    nodes_.clear();
    ends_.clear();
    for (uint32_t id : active_) {
      MuriJobState& job = jobs_[id];
      job.running = !nodes_.full() && nodes_.place(job.gpus);
      if (job.running) ends_.add(id, now + job.remaining * job.iteration);
    }
    next_end_ = ends_.earliest();
  }

 private:
  double key_of(uint32_t id) const {
    const MuriJobState& job = jobs_[id];
    const double left = job.remaining * job.iteration;
    return by_service_ ? left * job.gpus : left;
  }

  bool by_service_;
  YarnNodes nodes_;
  EndGrouping ends_;
  std::vector<double> keys_;  // by job; that of a waiting job stays
};

}  // namespace

std::unique_ptr<MuriRules> shortest_rules(std::vector<MuriJobState>& jobs, const MuriSetup& setup) {
  return std::make_unique<Shortest>(jobs, setup);
}

}  // namespace orrery::compat
