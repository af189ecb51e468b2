// Reading traces: every foreign format maps onto the one Workload (docs/traces.md has the rules).
//
// Input streams through a fixed buffer, plain, gzip or zstd. A malformed row is an InputError that
// names file, line and column, or, with `skip_errors`, is counted and left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/workload.hpp"

namespace orrery::traces {

enum class Format : uint8_t {
  kGuess,         ///< by content, else by file name
  kSwf,           ///< Standard Workload Format 2.2 (Feitelson)
  kOpenb,         ///< pod lists of Alibaba's openb cluster
  kPhilly,        ///< Microsoft Philly jobs as extracted by AdaptDL
  kMuri,          ///< jobs of Muri's simulator, with the profile of each
  kTiresias,      ///< jobs of Tiresias's simulator
  kGavel,         ///< jobs of Gavel's experiments, steps instead of run times
  kShockwave,     ///< the same of Shockwave's, with batch sizes that change
  kChronus,       ///< jobs of Chronus's simulator, with deadlines
  kElasticFlow,   ///< jobs of ElasticFlow's, with deadlines and batch sizes
  kHelios,        ///< job logs of SenseTime's clusters
  kPai,           ///< the job list of Alibaba's PAI simulator
  kBatsim,        ///< Batsim's JSON
  kOrreryCsv,     ///< Orrery's own, as text
  kOrreryBinary,  ///< Orrery's own, compressed
};

/// The name on the command line: "swf", "openb", "philly", "muri", "tiresias", ...
const char* name_of(Format format);
std::optional<Format> format_by_name(std::string_view name);
/// The names of all formats but "guess", for help texts: "swf, openb, philly, ...".
std::string format_names();

struct ReadOptions {
  Format format = Format::kGuess;
  bool skip_errors = false;  ///< leave malformed rows out and count them
  bool swf_memory = false;   ///< SWF: take requested memory (field 10) as a demand
  /// Gavel, Shockwave: the file with the throughputs from which run times and speeds come.
  /// ElasticFlow: the folder of its tables, or what their names begin with.
  std::string throughputs = {};
  double host_gflops = 0;  ///< Batsim: 10^9 operations a second of a host; 0: not known
};

/// What a reader saw.
struct ReadReport {
  std::string source;              ///< file name as given
  Format format = Format::kGuess;  ///< as read
  uint64_t bytes = 0;              ///< read, after decompression
  uint64_t rows = 0;               ///< of jobs in the file, those left out and malformed included
  uint64_t skipped = 0;            ///< malformed rows left out because of skip_errors
  uint64_t left_out = 0;           ///< well-formed rows that describe no runnable job
  /// What is odd, in words: the first malformed rows, then one sentence with a count for each kind.
  std::vector<std::string> oddities;
  std::optional<int64_t> unix_start;  ///< second of the Unix epoch that instant 0 stands for
};

/// Reads the jobs of `path`. Throws InputError where the file or a row is not as its format says,
/// or where no job remains.
Workload read_workload(const std::string& path, const ReadOptions& options, ReadReport& report);

/// The same from memory; `name` stands in messages and helps to guess the format.
Workload parse_workload(std::string_view bytes, const std::string& name, const ReadOptions& options,
                        ReadReport& report);

/// Reads an openb node list (sn, cpu_milli, memory_mib, gpu, model).
ClusterSpec read_openb_nodes(const std::string& path, const ReadOptions& options,
                             ReadReport& report);
ClusterSpec parse_openb_nodes(std::string_view bytes, const std::string& name,
                              const ReadOptions& options, ReadReport& report);

/// The first thing that is wrong with `workload` in words, "" when nothing is: sizes agree, ids
/// count up, submit times ascend, names are unique and printable, indices point somewhere, numbers
/// are in range, and a job waits only for jobs that were submitted before it.
std::string fault_of(const Workload& workload);

}  // namespace orrery::traces
