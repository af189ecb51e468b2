#include "traces/reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "actors/error.hpp"
#include "traces/input.hpp"
#include "traces/swf.hpp"

namespace orrery::traces {

namespace {

constexpr std::array kFormats = {
    std::pair{Format::kGuess, "guess"},       std::pair{Format::kSwf, "swf"},
    std::pair{Format::kOpenb, "openb"},       std::pair{Format::kPhilly, "philly"},
    std::pair{Format::kOrreryCsv, "csv"},     std::pair{Format::kOrreryBinary, "binary"},
};

}  // namespace

const char* name_of(Format format) {
  for (const auto& [known, name] : kFormats) {
    if (known == format) return name;
  }
  return "";
}

std::optional<Format> format_by_name(std::string_view name) {
  for (const auto& [format, known] : kFormats) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::string format_names() {
  std::string names;
  for (const auto& [format, name] : kFormats) {
    if (format == Format::kGuess) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

namespace {

Workload read_lines(LineReader lines, const ReadOptions& options, uint64_t expected_jobs,
                    ReadReport& report) {
  report = {};
  report.source = lines.name();
  report.format = Format::kSwf;
  return read_swf(lines, options, expected_jobs, report);
}

/// How many jobs a file of so many stored bytes may hold, low rather than high.
uint64_t guess_jobs(uint64_t bytes) { return std::min<uint64_t>(bytes / 64, 1'000'000); }

}  // namespace

Workload read_workload(const std::string& path, const ReadOptions& options, ReadReport& report) {
  return read_lines(LineReader(open_bytes(path), path), options, guess_jobs(stored_size(path)),
                    report);
}

Workload parse_workload(std::string_view bytes, const std::string& name,
                        const ReadOptions& options, ReadReport& report) {
  return read_lines(LineReader(open_memory(bytes, name), name), options,
                    guess_jobs(bytes.size()), report);
}

}  // namespace orrery::traces
