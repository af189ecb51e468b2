#include "policies/slot_plan.hpp"

#include <algorithm>
#include <limits>

namespace orrery {

namespace {

// How far ahead is planned: later deadlines count as if they were then. At six minutes a slot it is
// half a month.
constexpr int64_t kMostSlots = 4096;
// Starts, ends and changes of size are rounded to a nanosecond each.
constexpr Duration kRounding = Duration::milliseconds(1);

}  // namespace

Width width_of(const TaskDemand& each) {
  return {each.cpu_milli, int64_t{each.gpus} * each.gpu_milli};
}

std::vector<JobSize> worthwhile_sizes(uint32_t least, uint32_t most, uint32_t reference,
                                      const SpeedModel& model, double pace) {
  std::vector<JobSize> sizes;
  for (uint32_t tasks = std::max(1u, least); tasks <= most; ++tasks) {
    const double speed = pace * model.speed(tasks, reference, UINT32_MAX);
    if (speed > (sizes.empty() ? 0 : sizes.back().speed)) sizes.push_back({tasks, speed});
  }
  return sizes;
}

uint32_t Allotment::at(int64_t slot) const {
  const int64_t index = slot - first_slot;
  if (index < 0 || index >= static_cast<int64_t>(tasks.size())) return 0;
  return tasks[static_cast<size_t>(index)];
}

SlotPlan::SlotPlan(Instant now, Duration slot, Width whole)
    : now_(now), slot_(slot), whole_(whole), first_slot_(now.ns / slot.ns) {}

Width SlotPlan::left_of(size_t slot) const {
  if (slot >= taken_.size()) return whole_;
  return {whole_.cpu_milli - taken_[slot].cpu_milli, whole_.gpu_milli - taken_[slot].gpu_milli};
}

// Of the slot, what lies between now and the deadline.
double SlotPlan::seconds_of(size_t slot, Instant deadline) const {
  const int64_t number = first_slot_ + static_cast<int64_t>(slot);
  if (number > std::numeric_limits<int64_t>::max() / slot_.ns - 1) return 0;
  const Instant begin = std::max(now_, Instant{number * slot_.ns});
  const Instant end = std::min(deadline - kRounding, Instant{(number + 1) * slot_.ns});
  return end > begin ? (end - begin).as_seconds() : 0;
}

// Fills slot after slot with no more than the size at `largest`; the work that is not done by the
// deadline.
double SlotPlan::fill_up_to(const SlotClaim& claim, size_t largest, Allotment* out) const {
  double left_s = claim.left_s;
  for (size_t slot = 0; slot < kMostSlots && left_s > 0; ++slot) {
    const double seconds = seconds_of(slot, claim.deadline);
    if (seconds <= 0) break;
    const Width room = left_of(slot);
    int64_t fits = claim.sizes[largest].tasks;
    if (claim.each.cpu_milli > 0) fits = std::min(fits, room.cpu_milli / claim.each.cpu_milli);
    if (claim.each.gpu_milli > 0) fits = std::min(fits, room.gpu_milli / claim.each.gpu_milli);
    const auto above = std::upper_bound(
        claim.sizes.begin(), claim.sizes.end(), fits,
        [](int64_t tasks, const JobSize& size) { return tasks < int64_t{size.tasks}; });
    const bool any = above != claim.sizes.begin();
    if (any) left_s -= seconds * std::prev(above)->speed;
    if (out != nullptr) out->tasks.push_back(any ? std::prev(above)->tasks : 0);
  }
  return left_s;
}

std::optional<Allotment> SlotPlan::fill(const SlotClaim& claim) const {
  if (claim.sizes.empty() || fill_up_to(claim, claim.sizes.size() - 1, nullptr) > 0) {
    return std::nullopt;
  }
  // More is never slower, so the smallest that will do can be looked for by halves.
  size_t low = 0;
  size_t high = claim.sizes.size() - 1;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (fill_up_to(claim, middle, nullptr) > 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  Allotment allotment{first_slot_, {}};
  fill_up_to(claim, low, &allotment);
  return allotment;
}

void SlotPlan::take(const Allotment& allotment, Width each) {
  const int64_t end = allotment.first_slot + static_cast<int64_t>(allotment.tasks.size());
  if (end <= first_slot_) return;
  taken_.resize(std::max(taken_.size(), static_cast<size_t>(end - first_slot_)));
  for (size_t slot = 0; slot < taken_.size(); ++slot) {
    const int64_t tasks = allotment.at(first_slot_ + static_cast<int64_t>(slot));
    taken_[slot].cpu_milli += tasks * each.cpu_milli;
    taken_[slot].gpu_milli += tasks * each.gpu_milli;
  }
}

double SlotPlan::work_of(const Allotment& allotment, const SlotClaim& claim) const {
  double work_s = 0;
  const int64_t end = allotment.first_slot + static_cast<int64_t>(allotment.tasks.size());
  for (int64_t number = first_slot_; number < end; ++number) {
    const uint32_t tasks = allotment.at(number);
    const auto size = std::find_if(claim.sizes.begin(), claim.sizes.end(),
                                   [&](const JobSize& one) { return one.tasks == tasks; });
    if (size == claim.sizes.end()) continue;
    work_s += size->speed * seconds_of(static_cast<size_t>(number - first_slot_), claim.deadline);
  }
  return work_s;
}

}  // namespace orrery
