#include "policies/profile.hpp"

#include <algorithm>

namespace orrery {

namespace {

bool covers(const Amount& free, const Amount& wanted) {
  return free[0] >= wanted[0] && free[1] >= wanted[1] && free[2] >= wanted[2];
}

}  // namespace

void Profile::reset(Instant now, const Amount& amount) {
  steps_.assign(1, {now, amount});
  bounds_.clear();
}

void Profile::release(Instant at, const Amount& amount) {
  bounds_.clear();
  if (at > steps_.back().at) steps_.push_back({at, steps_.back().free});
  for (size_t i = 0; i < amount.size(); ++i) steps_.back().free[i] += amount[i];
}

size_t Profile::first_possible(const Amount& amount, Duration length) const {
  Instant bound = steps_.front().at;
  for (const Bound& known : bounds_) {
    if (known.at > bound && length >= known.length && covers(amount, known.amount)) {
      bound = known.at;
    }
  }
  auto step = std::partition_point(steps_.begin(), steps_.end(),
                                   [&](const Step& s) { return s.at < bound; });
  return static_cast<size_t>(step - steps_.begin());
}

void Profile::remember(const Bound& found) {
  constexpr size_t kMost = 32;
  std::erase_if(bounds_, [&](const Bound& known) {
    return known.at <= found.at && known.length >= found.length &&
           covers(known.amount, found.amount);
  });
  if (bounds_.size() < kMost) {
    bounds_.push_back(found);
  } else {
    bounds_[next_bound_++ % kMost] = found;
  }
}

Instant Profile::earliest(const Amount& amount, Duration length) {
  Instant at = search(first_possible(amount, length), amount, length);
  remember({amount, length, at});
  return at;
}

Instant Profile::search(size_t start, const Amount& amount, Duration length) const {
  while (start < steps_.size()) {
    if (!covers(steps_[start].free, amount)) {
      ++start;
      continue;
    }
    Instant end = length == Duration::infinite() ? Instant::never()
                                                 : saturating_add(steps_[start].at, length);
    size_t next = start + 1;
    while (next < steps_.size() && steps_[next].at < end && covers(steps_[next].free, amount)) {
      ++next;
    }
    if (next == steps_.size() || steps_[next].at >= end) return steps_[start].at;
    start = next + 1;
  }
  return Instant::never();
}

size_t Profile::split(Instant at) {
  auto step =
      std::partition_point(steps_.begin(), steps_.end(), [&](const Step& s) { return s.at < at; });
  if (step == steps_.end() || step->at != at) {
    step = steps_.insert(step, {at, std::prev(step)->free});
  }
  return static_cast<size_t>(step - steps_.begin());
}

void Profile::reserve(Instant at, Duration length, const Amount& amount) {
  size_t from = split(at);
  Instant end = length == Duration::infinite() ? Instant::never() : saturating_add(at, length);
  size_t to = end == Instant::never() ? steps_.size() : split(end);
  for (size_t i = from; i < to; ++i) {
    for (size_t k = 0; k < amount.size(); ++k) steps_[i].free[k] -= amount[k];
  }
}

}  // namespace orrery
