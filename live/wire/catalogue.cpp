#include "live/wire/catalogue.hpp"

#include <tuple>
#include <utility>

#include "live/wire/schema.hpp"

namespace orrery::live {

namespace {

template <class T>
bool equal(const T& a, const T& b) {
  return a == b;
}
bool equal(const std::shared_ptr<const Launch>& a, const std::shared_ptr<const Launch>& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

}  // namespace

bool equal_specs(const JobSpec& a, const JobSpec& b) {
  return std::apply([&](auto... member) { return (equal(a.*member, b.*member) && ...); },
                    Schema<JobSpec>::kMembers);
}

const JobSpec* Catalogue::keep(JobSpec spec) {
  std::lock_guard lock(mutex_);
  auto found = by_job_.find(spec.id.index);
  if (found != by_job_.end() && equal_specs(*found->second, spec)) return found->second;
  JobSpec* place = nullptr;
  if (!free_.empty()) {
    place = free_.back();
    free_.pop_back();
    *place = std::move(spec);
  } else {
    if (specs_.size() >= most_) return nullptr;
    place = &specs_.emplace_back(std::move(spec));
  }
  by_job_[place->id.index] = place;
  return place;
}

const JobSpec* Catalogue::find(JobId job) const {
  std::lock_guard lock(mutex_);
  auto found = by_job_.find(job.index);
  return found == by_job_.end() ? nullptr : found->second;
}

void Catalogue::forget(JobId job) {
  std::lock_guard lock(mutex_);
  auto found = by_job_.find(job.index);
  if (found == by_job_.end()) return;
  free_.push_back(found->second);
  by_job_.erase(found);
}

size_t Catalogue::size() const {
  std::lock_guard lock(mutex_);
  return by_job_.size();
}

}  // namespace orrery::live
