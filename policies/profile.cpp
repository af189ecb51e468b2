#include "policies/profile.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>

namespace orrery {

namespace {

// 10,000 steps are some twenty groups of some twenty blocks of some twenty steps.
constexpr size_t kStepsOfBlock = 32;
constexpr size_t kBlocksOfGroup = 32;
// What is known of a run may be wider than what its steps have: looking at all of them costs more
// than looking into it in vain now and then.
constexpr uint32_t kChangesBorne = 12;

// Without branches: which amount is short differs from step to step. No difference overflows, as
// amounts are far from the ends of their range.
bool covers(const Amount& free, const Amount& wanted) {
  return ((free[0] - wanted[0]) | (free[1] - wanted[1]) | (free[2] - wanted[2])) >= 0;
}

Amount sum(const Amount& x, const Amount& y) { return {x[0] + y[0], x[1] + y[1], x[2] + y[2]}; }

void subtract(Amount& from, const Amount& amount) {
  for (size_t i = 0; i < amount.size(); ++i) from[i] -= amount[i];
}

// How many at the front of `all` fulfil what no later one does; found by halving, without branches
// that can't be predicted.
template <class Item, class Holds>
size_t count_while(const std::vector<Item>& all, const Holds& holds) {
  size_t count = 0;
  for (size_t left = all.size(); left > 0;) {
    const size_t half = (left + 1) / 2;
    count += holds(all[count + half - 1]) ? half : 0;
    left -= half;
  }
  return count;
}

}  // namespace

void Profile::summarise(Block& block) {
  block.most = block.least = block.parts.front().free;
  for (const Step& step : block.parts) {
    for (size_t i = 0; i < step.free.size(); ++i) {
      block.most[i] = std::max(block.most[i], step.free[i]);
      block.least[i] = std::min(block.least[i], step.free[i]);
    }
  }
  block.changes = 0;
  block.first = block.parts.front().at;
  block.last = block.parts.back().at;
}

void Profile::summarise(Group& group) {
  group.most.fill(INT64_MIN);
  group.least.fill(INT64_MAX);
  for (const Block& block : group.parts) {
    for (size_t i = 0; i < block.most.size(); ++i) {
      group.most[i] = std::max(group.most[i], block.most[i] - block.taken[i]);
      group.least[i] = std::min(group.least[i], block.least[i] - block.taken[i]);
    }
  }
  group.changes = 0;
  group.first = group.parts.front().first;
  group.last = group.parts.back().last;
}

// Takes the second half of what stands in `run` out of it.
template <class Part>
Profile::Run<Part> Profile::upper_half(Run<Part>& run) {
  Run<Part> upper;
  const auto half = run.parts.begin() + static_cast<std::ptrdiff_t>(run.parts.size() / 2);
  upper.parts.assign(std::make_move_iterator(half), std::make_move_iterator(run.parts.end()));
  upper.taken = run.taken;
  run.parts.erase(half, run.parts.end());
  summarise(upper);
  summarise(run);
  return upper;
}

void Profile::reset(Instant now, const Amount& amount) {
  Block block;
  block.parts.assign(1, {now, amount});
  summarise(block);
  groups_.resize(1);
  groups_[0].parts.assign(1, block);
  groups_[0].taken = {};
  summarise(groups_[0]);
  bounds_.clear();
  found_.reset();
}

void Profile::release(Instant at, const Amount& amount) {
  bounds_.clear();
  Step last = groups_.back().parts.back().parts.back();
  if (at > last.at) {
    last.at = at;
    Group& group = groups_.back();
    if (group.parts.back().parts.size() < kStepsOfBlock) {
      group.parts.back().parts.push_back(last);
    } else {
      subtract(last.free, group.parts.back().taken);
      Block block;
      block.parts.assign(1, last);
      if (group.parts.size() < kBlocksOfGroup) {
        group.parts.push_back(std::move(block));
      } else {
        subtract(block.parts.front().free, group.taken);
        groups_.emplace_back().parts.push_back(std::move(block));
      }
    }
  }
  Block& block = groups_.back().parts.back();
  block.parts.back().free = sum(block.parts.back().free, amount);
  summarise(block);
  summarise(groups_.back());
}

// Both loops are without branches: which bounds apply is as good as random.
Instant Profile::first_possible(const Amount& amount, Duration length) const {
  int64_t bound = groups_.front().first.ns;
  for (const Bound& known : bounds_) {
    const bool applies = (length.ns >= known.length.ns) & covers(amount, known.amount);
    bound = std::max(bound, known.at.ns & -int64_t{applies});
  }
  return {bound};
}

void Profile::remember(const Bound& found) {
  constexpr size_t kMost = 32;
  uint32_t useless = 0;  // those that say nothing beside this one, a bit each
  for (size_t i = 0; i < bounds_.size(); ++i) {
    const Bound& known = bounds_[i];
    const bool says_less = (known.at.ns <= found.at.ns) & (known.length.ns >= found.length.ns) &
                           covers(known.amount, found.amount);
    useless |= uint32_t{says_less} << i;
  }
  if (useless == 0 && bounds_.size() == kMost) {
    bounds_[next_bound_++ % kMost] = found;
    return;
  }
  while (useless != 0) {
    const auto i = static_cast<size_t>(std::bit_width(useless)) - 1;
    useless ^= uint32_t{1} << i;
    bounds_[i] = bounds_.back();
    bounds_.pop_back();
  }
  bounds_.push_back(found);
}

Instant Profile::earliest(const Amount& amount, Duration length) {
  const Instant from = first_possible(amount, length);
  const Instant at = search(from, amount, length);
  if (at > from) remember({amount, length, at});  // else what gave `from` says as much of more jobs
  return at;
}

// The first step at or behind `at`; behind the last group when there is none.
Profile::Position Profile::find(Instant at) const {
  const auto ends_before = [&](const auto& run) { return run.last < at; };
  Position to;
  to.group = count_while(groups_, ends_before);
  if (to.group == groups_.size()) return to;
  const Group& group = groups_[to.group];
  to.block = count_while(group.parts, ends_before);
  to.step = count_while(group.parts[to.block].parts, [&](const Step& s) { return s.at < at; });
  return to;
}

Instant Profile::search(Instant from, const Amount& amount, Duration length) {
  const Position start = find(from);
  Instant candidate = Instant::never();  // all that was seen since then has room
  Instant end = Instant::never();        // of the job if it starts then
  // Whether all of a run is as what came before it.
  const auto goes_on = [&](const auto& run, const Amount& wanted) {
    return candidate != Instant::never() ? covers(run.least, wanted) : !covers(run.most, wanted);
  };
  const auto found = [&](Instant at) { return candidate != Instant::never() && at >= end; };
  for (size_t g = start.group; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    const Amount of_group = sum(amount, group.taken);
    if (found(group.first)) return candidate;
    if (goes_on(group, of_group)) continue;
    for (size_t b = g == start.group ? start.block : 0; b < group.parts.size(); ++b) {
      const Block& block = group.parts[b];
      const Amount wanted = sum(of_group, block.taken);
      if (found(block.first)) return candidate;
      if (goes_on(block, wanted)) continue;
      const bool begins = g == start.group && b == start.block;
      auto step = block.parts.begin() + static_cast<std::ptrdiff_t>(begins ? start.step : 0);
      while (step != block.parts.end()) {
        if (candidate == Instant::never()) {
          while (step != block.parts.end() && !covers(step->free, wanted)) ++step;
          if (step == block.parts.end()) break;
          candidate = step->at;
          found_ = {g, b, static_cast<size_t>(step - block.parts.begin())};
          end =
              length == Duration::infinite() ? Instant::never() : saturating_add(candidate, length);
        } else {
          while (step != block.parts.end() && step->at < end && covers(step->free, wanted)) ++step;
          if (step == block.parts.end()) break;
          if (step->at >= end) return candidate;
          candidate = Instant::never();
        }
        ++step;
      }
    }
  }
  return candidate;
}

// Where the step at `at` stands, which begins one if there is none. Requires: not before the first.
Profile::Position Profile::split(Instant at) {
  Position to = find(at);
  const bool behind = to.group == groups_.size();
  if (!behind && groups_[to.group].parts[to.block].parts[to.step].at == at) return to;
  if (behind || to.step == 0) {
    // Behind the last step of the block before.
    if (behind || to.block == 0) {
      --to.group;
      to.block = groups_[to.group].parts.size();
    }
    --to.block;
    to.step = groups_[to.group].parts[to.block].parts.size();
  }
  Group& group = groups_[to.group];
  Block& block = group.parts[to.block];
  const auto before = block.parts.begin() + static_cast<std::ptrdiff_t>(to.step);
  block.parts.insert(before, {at, std::prev(before)->free});
  block.last = std::max(block.last, at);
  group.last = std::max(group.last, at);
  if (block.parts.size() <= kStepsOfBlock) return to;
  found_.reset();  // it may move
  Block upper = upper_half(block);
  const size_t lower_steps = block.parts.size();
  group.parts.insert(group.parts.begin() + static_cast<std::ptrdiff_t>(to.block) + 1,
                     std::move(upper));
  if (to.step >= lower_steps) to = {to.group, to.block + 1, to.step - lower_steps};
  if (group.parts.size() <= kBlocksOfGroup) return to;
  Group second = upper_half(group);
  const size_t lower_blocks = group.parts.size();
  groups_.insert(groups_.begin() + static_cast<std::ptrdiff_t>(to.group) + 1, std::move(second));
  if (to.block >= lower_blocks) to = {to.group + 1, to.block - lower_blocks, to.step};
  return to;
}

// From some of the run's steps.
template <class Part>
void Profile::took_some(Run<Part>& run, const Amount& amount) {
  subtract(run.least, amount);
  if (++run.changes > kChangesBorne) summarise(run);
}

// From the steps `from` to before `to`.
void Profile::take(Block& block, size_t from, size_t to, const Amount& amount) {
  if (from == 0 && to == block.parts.size()) {
    block.taken = sum(block.taken, amount);
    return;
  }
  for (size_t i = from; i < to; ++i) subtract(block.parts[i].free, amount);
  if (from < to) took_some(block, amount);
}

void Profile::reserve(Instant at, Duration length, const Amount& amount) {
  const Instant end =
      length == Duration::infinite() ? Instant::never() : saturating_add(at, length);
  const Position to = end == Instant::never() ? Position{groups_.size(), 0, 0} : split(end);
  const bool known =
      found_ && groups_[found_->group].parts[found_->block].parts[found_->step].at == at;
  const Position from = known ? *found_ : find(at);
  for (size_t g = from.group; g < groups_.size() && g <= to.group; ++g) {
    Group& group = groups_[g];
    const bool begins = g == from.group;
    const bool ends = g == to.group;
    if (!ends && (!begins || (from.block == 0 && from.step == 0))) {
      group.taken = sum(group.taken, amount);
      continue;
    }
    const size_t last = ends ? to.block : group.parts.size() - 1;
    for (size_t b = begins ? from.block : 0; b <= last; ++b) {
      Block& block = group.parts[b];
      const size_t first_step = begins && b == from.block ? from.step : 0;
      const size_t last_step = ends && b == to.block ? to.step : block.parts.size();
      take(block, first_step, last_step, amount);
    }
    took_some(group, amount);
  }
}

}  // namespace orrery
