#include "traces/reader.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "actors/error.hpp"
#include "traces/batsim.hpp"
#include "traces/binary.hpp"
#include "traces/chronus.hpp"
#include "traces/elasticflow.hpp"
#include "traces/gavel.hpp"
#include "traces/helios.hpp"
#include "traces/input.hpp"
#include "traces/muri.hpp"
#include "traces/openb.hpp"
#include "traces/orrery_csv.hpp"
#include "traces/pai.hpp"
#include "traces/philly.hpp"
#include "traces/swf.hpp"
#include "traces/tiresias.hpp"

namespace orrery::traces {

namespace {

constexpr std::array kFormats = {
    std::pair{Format::kGuess, "guess"},         std::pair{Format::kSwf, "swf"},
    std::pair{Format::kOpenb, "openb"},         std::pair{Format::kPhilly, "philly"},
    std::pair{Format::kMuri, "muri"},           std::pair{Format::kTiresias, "tiresias"},
    std::pair{Format::kGavel, "gavel"},         std::pair{Format::kShockwave, "shockwave"},
    std::pair{Format::kChronus, "chronus"},     std::pair{Format::kElasticFlow, "elasticflow"},
    std::pair{Format::kHelios, "helios"},       std::pair{Format::kPai, "pai"},
    std::pair{Format::kBatsim, "batsim"},       std::pair{Format::kOrreryCsv, "csv"},
    std::pair{Format::kOrreryBinary, "binary"},
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

/// How many jobs a file of so many stored bytes may hold, low rather than high.
uint64_t guess_jobs(uint64_t bytes) { return std::min<uint64_t>(bytes / 64, 1'000'000); }

bool looks_like_swf(std::string_view line) {
  if (line.starts_with(';')) return true;
  int fields = 0;
  while (true) {
    const size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    const char first = line.front();
    if (fields == 0 && (first < '0' || first > '9')) return false;
    ++fields;
    line.remove_prefix(std::min(line.find_first_of(" \t"), line.size()));
  }
  return fields >= 18;
}

/// True when the header `line` has all of these columns.
bool has_columns(std::string_view line, std::initializer_list<std::string_view> columns) {
  const std::string fenced = "," + std::string(line) + ",";
  return std::ranges::all_of(columns, [&](std::string_view column) {
    return fenced.find("," + std::string(column) + ",") != std::string::npos;
  });
}

/// The format of a CSV with that header; kGuess when it is none that is known.
Format guess_by_header(std::string_view line) {
  if (line.starts_with("name,cpu_milli,")) return Format::kOpenb;
  if (line.starts_with("timestamp,duration,num_gpus,")) return Format::kPhilly;
  if (!has_columns(line, {"job_id"})) return Format::kGuess;
  if (has_columns(line, {"num_gpu", "submit_time", "expect_time_list"})) return Format::kChronus;
  if (has_columns(line, {"num_gpu", "submit_time", "ddl"})) return Format::kElasticFlow;
  if (has_columns(line, {"gpu_num", "node_num", "submit_time", "vc"})) return Format::kHelios;
  if (has_columns(line, {"num_gpu", "num_cpu", "submit_time", "duration"})) return Format::kPai;
  if (has_columns(line, {"num_gpu", "submit_time", "resource_time_0"})) return Format::kMuri;
  if (line.starts_with("job_id,num_gpu,submit_time,")) return Format::kTiresias;
  return Format::kOrreryCsv;
}

/// The format of a file that begins with `head`; kGuess when it cannot be told.
Format guess(std::string_view head) {
  if (head.starts_with(kBinaryMagic)) return Format::kOrreryBinary;
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  while (!head.empty()) {
    const size_t stop = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, stop);
    head.remove_prefix(std::min(stop + 1, head.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t text = line.find_first_not_of(" \t");
    if (text == std::string_view::npos || line[text] == '#') continue;
    line.remove_prefix(text);
    if (looks_like_swf(line)) return Format::kSwf;
    if (line.starts_with('{')) return Format::kBatsim;
    if (const Format format = guess_by_header(line); format != Format::kGuess) return format;
    for (const Format format : {Format::kGavel, Format::kShockwave}) {
      if (looks_like_gavel(line, format)) return format;
    }
    break;
  }
  return Format::kGuess;
}

Format guess_by_name(std::string_view name) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  return name.ends_with(".swf") ? Format::kSwf : Format::kGuess;
}

/// Settles the format, looking at the first bytes where it is to be guessed.
Format settle(const ReadOptions& options, std::string_view head, const std::string& name) {
  if (options.format != Format::kGuess) return options.format;
  Format format = guess(head);
  if (format == Format::kGuess) format = guess_by_name(name);
  if (format == Format::kGuess) {
    const bool nodes = head.starts_with("sn,cpu_milli,");
    throw InputError(
        {.where = name,
         .expected = "a trace in a known format (" + format_names() + ")",
         .found = head.empty() ? "an empty file"
                  : nodes      ? "a list of nodes"
                               : "something else",
         .hint = nodes ? "it describes a cluster, not jobs" : "name the format with --format"});
  }
  return format;
}

Workload read_jobs(std::unique_ptr<ByteSource> source, const std::string& name,
                   const ReadOptions& options, uint64_t expected_jobs, ReadReport& report) {
  report = {};
  report.source = name;
  LineReader lines(std::move(source), name);
  report.format = settle(options, lines.peek(), name);
  switch (report.format) {
    case Format::kOpenb: return read_openb_pods(lines, options, expected_jobs, report);
    case Format::kPhilly: return read_philly(lines, options, expected_jobs, report);
    case Format::kMuri: return read_muri(lines, options, report);
    case Format::kTiresias: return read_tiresias(lines, options, expected_jobs, report);
    case Format::kGavel:
    case Format::kShockwave: return read_gavel(lines, options, expected_jobs, report);
    case Format::kChronus: return read_chronus(lines, options, expected_jobs, report);
    case Format::kElasticFlow: return read_elasticflow(lines, options, expected_jobs, report);
    case Format::kHelios: return read_helios(lines, options, expected_jobs, report);
    case Format::kPai: return read_pai(lines, options, expected_jobs, report);
    case Format::kBatsim: return read_batsim(*lines.release(), name, options, report);
    case Format::kOrreryCsv: return read_orrery_csv(lines, options, expected_jobs, report);
    case Format::kOrreryBinary: return read_binary(lines.release(), name, report);
    case Format::kSwf:
    case Format::kGuess: break;
  }
  return read_swf(lines, options, expected_jobs, report);
}

ClusterSpec read_nodes(std::unique_ptr<ByteSource> source, const std::string& name,
                       const ReadOptions& options, ReadReport& report) {
  report = {};
  report.source = name;
  report.format = Format::kOpenb;
  LineReader lines(std::move(source), name);
  return read_openb_node_lines(lines, options, report);
}

}  // namespace

Workload read_workload(const std::string& path, const ReadOptions& options, ReadReport& report) {
  return read_jobs(open_bytes(path), path, options, guess_jobs(stored_size(path)), report);
}

Workload parse_workload(std::string_view bytes, const std::string& name, const ReadOptions& options,
                        ReadReport& report) {
  return read_jobs(open_memory(bytes, name), name, options, guess_jobs(bytes.size()), report);
}

ClusterSpec read_openb_nodes(const std::string& path, const ReadOptions& options,
                             ReadReport& report) {
  return read_nodes(open_bytes(path), path, options, report);
}

ClusterSpec parse_openb_nodes(std::string_view bytes, const std::string& name,
                              const ReadOptions& options, ReadReport& report) {
  return read_nodes(open_memory(bytes, name), name, options, report);
}

}  // namespace orrery::traces
