#include "policies/profile.hpp"

#include <algorithm>

namespace orrery {

namespace {

// Looking through a block costs about as much as looking at all blocks of 10,000 steps.
constexpr size_t kStepsOfBlock = 64;

bool covers(const Amount& free, const Amount& wanted) {
  return free[0] >= wanted[0] && free[1] >= wanted[1] && free[2] >= wanted[2];
}

Amount sum(const Amount& x, const Amount& y) { return {x[0] + y[0], x[1] + y[1], x[2] + y[2]}; }

void subtract(Amount& from, const Amount& amount) {
  for (size_t i = 0; i < amount.size(); ++i) from[i] -= amount[i];
}

}  // namespace

void Profile::summarise(Block& block) {
  block.most = block.least = block.steps.front().free;
  for (const Step& step : block.steps) {
    for (size_t i = 0; i < step.free.size(); ++i) {
      block.most[i] = std::max(block.most[i], step.free[i]);
      block.least[i] = std::min(block.least[i], step.free[i]);
    }
  }
}

void Profile::reset(Instant now, const Amount& amount) {
  blocks_.resize(1);
  blocks_[0].steps.assign(1, {now, amount});
  blocks_[0].taken = {};
  summarise(blocks_[0]);
  bounds_.clear();
}

void Profile::release(Instant at, const Amount& amount) {
  bounds_.clear();
  Step last = blocks_.back().steps.back();
  if (at > last.at) {
    last.at = at;
    if (blocks_.back().steps.size() < kStepsOfBlock) {
      blocks_.back().steps.push_back(last);
    } else {
      subtract(last.free, blocks_.back().taken);
      blocks_.push_back({{last}});
    }
  }
  Block& block = blocks_.back();
  block.steps.back().free = sum(block.steps.back().free, amount);
  summarise(block);
}

Instant Profile::first_possible(const Amount& amount, Duration length) const {
  Instant bound = blocks_.front().steps.front().at;
  for (const Bound& known : bounds_) {
    if (known.at > bound && length >= known.length && covers(amount, known.amount)) {
      bound = known.at;
    }
  }
  return bound;
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

// The first step at or behind `at`; behind the last block when there is none.
Profile::Position Profile::find(Instant at) const {
  auto block = std::partition_point(blocks_.begin(), blocks_.end(),
                                    [&](const Block& b) { return b.steps.back().at < at; });
  if (block == blocks_.end()) return {blocks_.size(), 0};
  auto step = std::partition_point(block->steps.begin(), block->steps.end(),
                                   [&](const Step& s) { return s.at < at; });
  return {static_cast<size_t>(block - blocks_.begin()),
          static_cast<size_t>(step - block->steps.begin())};
}

Instant Profile::search(Instant from, const Amount& amount, Duration length) const {
  const Position start = find(from);
  Instant candidate = Instant::never();  // all that was seen since then has room
  Instant end = Instant::never();        // of the job if it starts then
  for (size_t b = start.block; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    const Amount wanted = sum(amount, block.taken);
    const bool open = candidate != Instant::never();
    if (open && block.steps.front().at >= end) return candidate;
    if (open ? covers(block.least, wanted) : !covers(block.most, wanted)) continue;
    for (size_t i = b == start.block ? start.step : 0; i < block.steps.size(); ++i) {
      const Step& step = block.steps[i];
      if (candidate != Instant::never() && step.at >= end) return candidate;
      if (!covers(step.free, wanted)) {
        candidate = Instant::never();
      } else if (candidate == Instant::never()) {
        candidate = step.at;
        end = length == Duration::infinite() ? Instant::never() : saturating_add(step.at, length);
      }
    }
  }
  return candidate;
}

// Where the step at `at` stands, which begins one if there is none. Requires: not before the first.
Profile::Position Profile::split(Instant at) {
  Position to = find(at);
  if (to.block < blocks_.size() && blocks_[to.block].steps[to.step].at == at) return to;
  if (to.block == blocks_.size() || to.step == 0) {
    // Behind the last step of the block before.
    --to.block;
    to.step = blocks_[to.block].steps.size();
  }
  Block& block = blocks_[to.block];
  auto before = block.steps.begin() + static_cast<std::ptrdiff_t>(to.step);
  block.steps.insert(before, {at, std::prev(before)->free});
  if (block.steps.size() <= kStepsOfBlock) return to;
  Block second;
  auto half = block.steps.begin() + kStepsOfBlock / 2;
  second.steps.assign(half, block.steps.end());
  second.taken = block.taken;
  summarise(second);
  block.steps.erase(half, block.steps.end());
  summarise(block);
  blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(to.block) + 1, std::move(second));
  constexpr size_t kHalf = kStepsOfBlock / 2;
  return to.step < kHalf ? to : Position{to.block + 1, to.step - kHalf};
}

void Profile::reserve(Instant at, Duration length, const Amount& amount) {
  Instant end = length == Duration::infinite() ? Instant::never() : saturating_add(at, length);
  const Position to = end == Instant::never() ? Position{blocks_.size(), 0} : split(end);
  const Position from = find(at);
  for (size_t b = from.block; b < blocks_.size() && b <= to.block; ++b) {
    Block& block = blocks_[b];
    const size_t first = b == from.block ? from.step : 0;
    const size_t last = b == to.block ? to.step : block.steps.size();
    if (first == 0 && last == block.steps.size()) {
      block.taken = sum(block.taken, amount);
      continue;
    }
    for (size_t i = first; i < last; ++i) subtract(block.steps[i].free, amount);
    if (first < last) summarise(block);
  }
}

}  // namespace orrery
