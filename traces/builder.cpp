#include "traces/builder.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace orrery::traces {

uint32_t NameTable::index_of(std::string_view name) {
  if (name == "-") return 0;
  if (name == last_name_ && last_index_ != 0) return last_index_;
  last_name_.assign(name);
  const auto [place, fresh] =
      by_name_.try_emplace(last_name_, static_cast<uint32_t>(names_.size()));
  if (fresh) names_.push_back(last_name_);
  last_index_ = place->second;
  return last_index_;
}

uint32_t NameTable::index_of(int64_t number) {
  constexpr int64_t kSmall = 1 << 16;
  const bool small = number >= 0 && number < kSmall;
  if (small) {
    const auto slot = static_cast<size_t>(number);
    if (slot >= by_small_number_.size()) by_small_number_.resize(slot + 1);
    if (by_small_number_[slot] != 0) return by_small_number_[slot];
  }
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  const uint32_t index = index_of(std::string_view(text, static_cast<size_t>(end - text)));
  if (small) by_small_number_[static_cast<size_t>(number)] = index;
  return index;
}

bool NumberIndex::add(int64_t number) {
  const auto row = static_cast<uint32_t>(numbers_.size());
  if (ascending_ && !numbers_.empty() && number <= numbers_.back()) {
    ascending_ = false;
    for (uint32_t i = 0; i < row; ++i) rows_.emplace(numbers_[i], i);
  }
  if (!ascending_ && !rows_.emplace(number, row).second) return false;
  numbers_.push_back(number);
  return true;
}

uint32_t NumberIndex::row_of(int64_t number) const {
  if (!ascending_) {
    const auto found = rows_.find(number);
    return found == rows_.end() ? UINT32_MAX : found->second;
  }
  const auto found = std::lower_bound(numbers_.begin(), numbers_.end(), number);
  if (found == numbers_.end() || *found != number) return UINT32_MAX;
  return static_cast<uint32_t>(found - numbers_.begin());
}

void Oddities::count(const char* text, uint64_t times) {
  if (times == 0) return;
  for (auto& [known, count] : counts_) {
    if (known == text) {
      count += times;
      return;
    }
  }
  counts_.emplace_back(text, times);
}

void Oddities::write_to(std::vector<std::string>& out) const {
  for (const auto& [text, count] : counts_) out.push_back(std::to_string(count) + " " + text);
}

void RowErrors::fail(uint64_t column, std::string expected, std::string found) const {
  throw InputError({.where = lines_.name(),
                    .line = lines_.line_number(),
                    .column = column,
                    .expected = std::move(expected),
                    .found = std::move(found),
                    .hint = skip_ || !in_rows_ ? "" : "--on-error=skip leaves such rows out"});
}

void RowErrors::swallow_or_throw(const InputError& error) {
  if (!skip_ || !in_rows_) throw error;
  if (++report_.skipped <= kKeptMessages) {
    report_.oddities.push_back(std::string("skipped ") + error.what());
  }
}

void refuse_nul(std::string_view line, const RowErrors& errors) {
  const size_t at = line.find('\0');
  if (at != std::string_view::npos) errors.fail(at + 1, "text without NUL bytes", "a NUL byte");
}

namespace {

/// Puts `items[order[i]]` at place i.
template <typename T>
void reorder(std::vector<T>& items, const std::vector<uint32_t>& order) {
  std::vector<T> sorted;
  sorted.reserve(items.size());
  for (const uint32_t row : order) sorted.push_back(std::move(items[row]));
  items = std::move(sorted);
}

/// Makes `after` hold ids. A job that waits for itself or for a later one would wait for ever, so
/// such references go.
void resolve_after(Workload& workload, const std::vector<uint32_t>& index_of_row,
                   Oddities& oddities) {
  for (auto& spec : workload.specs) {
    if (spec.after.empty()) continue;
    std::erase_if(spec.after, [&](JobId& job) {
      job.index = index_of_row[job.index];
      return job.index >= spec.id.index;
    });
    if (spec.after.empty()) {
      spec.think_time = {};
      oddities.count("jobs name a preceding job that was not submitted before them; ignored");
    }
  }
}

}  // namespace

void finish(Workload& workload, const LineReader& lines, Oddities& oddities, ReadReport& report) {
  report.bytes = lines.bytes();
  finish(workload, lines.name(), oddities, report);
}

void finish(Workload& workload, const std::string& name, Oddities& oddities, ReadReport& report) {
  auto& specs = workload.specs;
  if (specs.empty()) {
    std::string found = report.bytes == 0 ? "an empty file" : "no row of a job";
    if (report.rows > 0) found = "none in " + std::to_string(report.rows) + " rows";
    throw InputError({.where = name,
                      .expected = "at least one job that can run",
                      .found = std::move(found),
                      .hint = report.skipped > 0 ? report.oddities.front() : ""});
  }
  if (report.skipped > kKeptMessages) {
    report.oddities.push_back("skipped " + std::to_string(report.skipped - kKeptMessages) +
                              " more malformed rows");
  }
  // One pass over all jobs where the log is in order and nothing waits: they are many.
  uint64_t out_of_order = 0;
  bool any_after = false;
  Instant latest = specs.front().submit;
  for (uint32_t i = 0; i < specs.size(); ++i) {
    specs[i].id.index = i;
    out_of_order += specs[i].submit < latest;
    latest = std::max(latest, specs[i].submit);
    any_after |= !specs[i].after.empty();
  }
  std::vector<uint32_t> index_of_row(out_of_order > 0 || any_after ? specs.size() : 0);
  std::iota(index_of_row.begin(), index_of_row.end(), 0U);
  if (out_of_order > 0) {
    oddities.count("rows came after one with a later submit time; the jobs were sorted",
                   out_of_order);
    std::vector<uint32_t> order = index_of_row;
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return specs[a].submit < specs[b].submit; });
    reorder(specs, order);
    reorder(workload.truths, order);
    for (uint32_t i = 0; i < order.size(); ++i) {
      index_of_row[order[i]] = i;
      specs[i].id.index = i;
    }
  }
  if (any_after) resolve_after(workload, index_of_row, oddities);
  oddities.write_to(report.oddities);
}

void reserve(Workload& workload, uint64_t jobs) {
  workload.specs.reserve(jobs);
  workload.truths.reserve(jobs);
}

}  // namespace orrery::traces
