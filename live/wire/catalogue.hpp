// Catalogue: the job specs that came over the wire, each at an address that stays.
//
// A spec travels once to each peer; later mail names it by its job. The catalogue keeps what came,
// so that StartTask can point at it as it does inside one process. Safe for several threads: the
// gateway adds, actors' threads look up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/job.hpp"

namespace orrery::live {

class Catalogue {
 public:
  /// `most`: how many specs it holds at a time; a peer that sends more is not believed.
  explicit Catalogue(size_t most = 1'000'000) : most_(most) {}

  /// The kept copy; nullptr when the catalogue is full. A spec that differs from the one of the
  /// same job (the controller began anew) gets an address of its own: actors may hold the old one.
  const JobSpec* keep(JobSpec spec);
  const JobSpec* find(JobId job) const;
  /// Nothing points at that job's spec any more; its place is used again. A peer that still names
  /// it by its job is asked to send it once more.
  void forget(JobId job);
  size_t size() const;

 private:
  const size_t most_;
  mutable std::mutex mutex_;
  std::deque<JobSpec> specs_;
  std::vector<JobSpec*> free_;
  std::unordered_map<uint32_t, JobSpec*> by_job_;
};

/// Which specs a peer has been sent and not asked for again. For one thread.
class KnownSpecs {
 public:
  bool has(JobId job) const { return jobs_.contains(job.index); }
  void add(JobId job) {
    // Forgetting all costs some bytes once; remembering all would cost memory for ever.
    if (jobs_.size() >= kMost) jobs_.clear();
    jobs_.insert(job.index);
  }
  void remove(JobId job) { jobs_.erase(job.index); }
  void clear() { jobs_.clear(); }

 private:
  static constexpr size_t kMost = 65'536;
  std::unordered_set<uint32_t> jobs_;
};

/// True when every field is equal.
bool equal_specs(const JobSpec& a, const JobSpec& b);

}  // namespace orrery::live
