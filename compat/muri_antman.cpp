// AntMan (Xiao et al., OSDI 2020) as world "muri" has it: guaranteed jobs own their GPUs,
// opportunistic ones run on whatever has room, also beneath a guaranteed job.
//
// Quirks: a guaranteed job that finds too little keeps what there is and goes on gathering; the
// load of a GPU is a sum of doubles whose residues decide among equals, so each addition is made
// as the simulator makes it; no locality for opportunistic jobs; the interference is a count of
// iterations by the resources that overlap.
#include <algorithm>
#include <cmath>
#include <string>

#include "actors/check.hpp"
#include "actors/error.hpp"
#include "compat/muri_rules.hpp"

namespace orrery::compat {

namespace {

constexpr double kGuaranteedLoad = 0.1;
constexpr double kOpportunisticLoad = 0.9;
constexpr double kStartLoad = 0.01;  // of the guaranteed load, added only when the job starts
constexpr double kBusy = 0.8;        // from here on a GPU takes no opportunistic job
constexpr uint32_t kNobody = UINT32_MAX;

struct Gpu {
  uint32_t owner = kNobody;   // the guaranteed job that holds or gathers it
  uint32_t tenant = kNobody;  // the opportunistic job: the load keeps a second one off
  double load = 0;
};

// How many iterations of a running guaranteed job pass during one of an opportunistic job that
// shares its GPU: stage by stage, a stage of ours waits while the other uses the same resource.
double iterations_beside(const std::array<double, 3>& ours, const std::array<double, 3>& theirs) {
  const auto [a, d_whole, e_whole] = ours;
  const auto [x, y, z] = theirs;
  double d = d_whole;
  double e = e_whole;
  double count = std::floor(a / (y + z));
  double rest = std::fmod(a, y + z);
  if (rest > 0) {
    count += 1;
    d -= std::min({d, z, (y + z) - rest});
  }
  count += std::floor(d / (x + z));
  rest = std::fmod(d, x + z);
  if (rest > 0) {
    count += 1;
    if (rest < x) e -= std::min(e, (x + y) - rest);
  }
  count += std::floor(e / (x + y));
  rest = std::fmod(e, x + y);
  if (rest > x) count += 1;  // beyond x, where the stages above have 0
  return count;
}

class AntMan final : public MuriRules {
 public:
  AntMan(std::vector<MuriJobState>& jobs, const MuriSetup& setup)
      : MuriRules(jobs),
        per_node_(setup.gpus_per_node),
        gpus_(size_t{setup.nodes} * setup.gpus_per_node),
        available_(setup.nodes, setup.gpus_per_node),
        total_available_(gpus_.size()),
        held_(jobs.size()),
        home_(jobs.size(), 0),
        pace_(jobs.size(), 0) {
    refuse_what_does_not_divide();
  }

  void complete(uint32_t id) override {
    active_.erase(std::find(active_.begin(), active_.end(), id));
    const MuriJobState& job = jobs_[id];
    for (uint32_t at : held_[id]) {
      Gpu& gpu = gpus_[at];
      if (job.opportunistic) {
        gpu.tenant = kNobody;
        gpu.load -= kOpportunisticLoad;
      } else {
        gpu.owner = kNobody;
        gpu.load -= kGuaranteedLoad;
        ++available_[at / per_node_];
        ++total_available_;
      }
    }
    held_[id].clear();
  }

  void arrive(uint32_t id) override {
    pace_[id] = jobs_[id].iteration;
    const auto before = [this](uint32_t x, uint32_t y) {
      const MuriJobState& a = jobs_[x];
      const MuriJobState& b = jobs_[y];
      if (a.opportunistic != b.opportunistic) return b.opportunistic;
      return a.submit != b.submit ? a.submit < b.submit : x < y;
    };
    active_.insert(std::upper_bound(active_.begin(), active_.end(), id, before), id);
  }

  void advance(double before, double now) override {
    for (uint32_t id : active_) {
      MuriJobState& job = jobs_[id];
      if (job.running) job.remaining -= progress(job, now - before, pace_[id]);
    }
  }

  void decide(double now) override {
    candidates_known_ = false;
    for (uint32_t id : active_) {
      MuriJobState& job = jobs_[id];
      if (job.running) continue;
      job.running = job.opportunistic ? start_opportunistic(id) : start_guaranteed(id);
    }
    ends_.clear();
    for (uint32_t id : active_) {
      const MuriJobState& job = jobs_[id];
      if (!job.running) continue;
      if (job.opportunistic) pace_[id] = pace_beside_others(id);
      ends_.add(id, now + job.remaining * pace_[id]);
    }
    // The simulator then looks for groups of ends within 1e-4 s of the first and would fail if it
    // found one; that is left out.
    next_end_ = ends_.earliest();
  }

 private:
  uint32_t missing(uint32_t id) const {
    return jobs_[id].gpus - static_cast<uint32_t>(held_[id].size());
  }

  void own(uint32_t id, size_t node, uint32_t count) {
    for (size_t at = node * per_node_; count > 0; ++at) {
      ORRERY_CHECK(at < (node + 1) * per_node_, "a node has as many free GPUs as it counts");
      if (gpus_[at].owner != kNobody) continue;
      gpus_[at].owner = id;
      gpus_[at].load += kGuaranteedLoad - kStartLoad;
      held_[id].push_back(static_cast<uint32_t>(at));
      --available_[node];
      --total_available_;
      --count;
      candidates_known_ = false;
    }
  }

  bool start_guaranteed(uint32_t id) {
    if (total_available_ == 0) return false;
    const uint32_t need = missing(id);
    if (jobs_[id].gpus > per_node_) {
      own_whole_nodes(id, need / per_node_);
    } else if (need < jobs_[id].gpus) {
      own(id, home_[id], std::min(need, available_[home_[id]]));
    } else {
      const auto fits = [&](uint32_t available) { return available >= need; };
      auto node = std::find_if(available_.begin(), available_.end(), fits);
      if (node == available_.end()) node = std::max_element(available_.begin(), available_.end());
      home_[id] = static_cast<size_t>(node - available_.begin());
      own(id, home_[id], std::min(need, *node));
    }
    if (missing(id) > 0) return false;
    for (uint32_t at : held_[id]) gpus_[at].load += kStartLoad;
    candidates_known_ = false;
    return true;
  }

  void own_whole_nodes(uint32_t id, uint32_t wanted) {
    for (size_t node = 0; node < available_.size() && wanted > 0; ++node) {
      if (available_[node] < per_node_) continue;
      own(id, node, per_node_);
      --wanted;
    }
  }

  bool start_opportunistic(uint32_t id) {
    if (!candidates_known_) list_candidates();
    const uint32_t gang = jobs_[id].gpus;
    if (candidates_.size() < gang) return false;
    for (uint32_t at : std::span(candidates_).first(gang)) {
      ORRERY_CHECK(gpus_[at].tenant == kNobody, "a GPU has one opportunistic job at most");
      gpus_[at].tenant = id;
      gpus_[at].load += kOpportunisticLoad;
      held_[id].push_back(at);
    }
    candidates_known_ = false;
    return true;
  }

  // The GPUs that take an opportunistic job, the least loaded first.
  void list_candidates() {
    candidates_.clear();
    for (uint32_t at = 0; at < gpus_.size(); ++at) {
      if (gpus_[at].load < kBusy) candidates_.push_back(at);
    }
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [this](uint32_t x, uint32_t y) { return gpus_[x].load < gpus_[y].load; });
    candidates_known_ = true;
  }

  // Seconds an iteration, held up by the guaranteed jobs that run on any of its GPUs.
  double pace_beside_others(uint32_t id) const {
    const MuriJobState& job = jobs_[id];
    double pace = job.iteration;
    uint32_t last = kNobody;
    for (uint32_t at : held_[id]) {
      const uint32_t owner = gpus_[at].owner;
      if (owner == kNobody || owner == last || !jobs_[owner].running) continue;
      last = owner;
      const MuriJobState& other = jobs_[owner];
      pace = std::max(pace, iterations_beside(job.resources, other.resources) * other.iteration);
    }
    return pace;
  }

  void refuse_what_does_not_divide() const {
    for (const MuriJobState& job : jobs_) {
      const auto& [x, y, z] = job.resources;
      const bool sums = x + y > 0 && y + z > 0 && x + z > 0;
      if (!job.opportunistic && !sums) {
        refuse(
            "two of three resource times above 0 in every guaranteed job, as AntMan divides by "
            "their sums",
            "a job submitted at " + std::to_string(job.submit) + " s without");
      }
      if (!job.opportunistic && job.gpus > per_node_ && job.gpus % per_node_ != 0) {
        refuse("guaranteed gangs that fill whole nodes of " + std::to_string(per_node_) + " GPUs",
               "one of " + std::to_string(job.gpus) + " GPUs");
      }
    }
  }

  [[noreturn]] static void refuse(std::string expected, std::string found) {
    throw InputError({.where = "world muri, policy AntMan",
                      .expected = std::move(expected),
                      .found = std::move(found),
                      .hint = "leave such jobs out or take another policy or cluster"});
  }

  uint32_t per_node_;
  std::vector<Gpu> gpus_;            // node by node
  std::vector<uint32_t> available_;  // GPUs of a node without an owner
  uint64_t total_available_;
  std::vector<std::vector<uint32_t>> held_;  // by job: its GPUs
  std::vector<size_t> home_;                 // by job: the node on which it gathers
  std::vector<double> pace_;                 // by job: seconds an iteration as of now
  std::vector<uint32_t> candidates_;
  bool candidates_known_ = false;
  EndGrouping ends_;
};

}  // namespace

std::unique_ptr<MuriRules> antman_rules(std::vector<MuriJobState>& jobs, const MuriSetup& setup) {
  return std::make_unique<AntMan>(jobs, setup);
}

}  // namespace orrery::compat
