#include "traces/swf.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "traces/builder.hpp"
#include "traces/csv.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

/// The fields, numbered from 1 as in the definition of the format.
enum Field : size_t {
  kJob = 1,
  kSubmit,
  kWait,
  kRun,
  kAllocated,
  kAverageCpu,
  kUsedMemory,
  kRequested,
  kRequestedTime,
  kRequestedMemory,
  kStatus,
  kUser,
  kGroup,
  kExecutable,
  kQueue,
  kPartition,
  kPreceding,
  kThinkTime,
};
constexpr size_t kFields = 18;
/// MetaCentrum's augmented logs, which the simulator Alea reads, append three words: one of their
/// own, the queue's name (field 20) and the requested nodes ("2:ppn=4", field 21).
constexpr size_t kMostFields = 21;
constexpr size_t kQueueName = 20;

constexpr std::array<const char*, kFields + 1> kFieldNames = {"",
                                                              "job number",
                                                              "submit time",
                                                              "wait time",
                                                              "run time",
                                                              "allocated processors",
                                                              "average CPU time",
                                                              "used memory",
                                                              "requested processors",
                                                              "requested time",
                                                              "requested memory",
                                                              "status",
                                                              "user",
                                                              "group",
                                                              "executable",
                                                              "queue",
                                                              "partition",
                                                              "preceding job",
                                                              "think time"};

struct Row {
  std::array<Decimal, kFields + 1> values;
  std::array<const char*, kMostFields + 1> starts;
  size_t count = 0;
  const char* line = nullptr;
  const char* end = nullptr;

  uint64_t column(size_t field) const { return static_cast<uint64_t>(starts[field] - line) + 1; }
};

constexpr auto kCountExpected = "18 fields, or up to 21";

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view word_at(const char* at, const char* end) {
  const char* stop = at;
  while (stop < end && !is_blank(*stop)) ++stop;
  return {at, static_cast<size_t>(stop - at)};
}

class SwfReader {
 public:
  SwfReader(LineReader& lines, const ReadOptions& options, ReadReport& report)
      : lines_(lines),
        options_(options),
        report_(report),
        errors_(lines, options, report, false),
        users_(workload_.users),
        groups_(workload_.groups),
        queues_(workload_.queues) {}

  Workload read(uint64_t expected_jobs) {
    traces::reserve(workload_, expected_jobs);
    numbers_.reserve(expected_jobs);
    for_each_row(lines_, errors_, [this](std::string_view line) { take_line(line); });
    if (workload_.machine_processors == 0) {
      // MaxProcs is left out where it equals MaxNodes.
      workload_.machine_processors = workload_.machine_nodes;
    }
    finish(workload_, lines_, oddities_, report_);
    return std::move(workload_);
  }

 private:
  void take_line(std::string_view line) {
    const char* at = line.data();
    const char* end = at + line.size();
    while (at < end && is_blank(*at)) ++at;
    if (at == end) return;
    if (*at == ';') {
      take_comment({at + 1, static_cast<size_t>(end - at - 1)});
      return;
    }
    ++report_.rows;
    row_.line = line.data();
    row_.end = end;
    scan_row(at, end);
    take_row();
  }

  void scan_row(const char* at, const char* end) {
    row_.count = 0;
    while (at < end) {
      const size_t field = row_.count + 1;
      if (field > kMostFields) {
        errors_.fail(static_cast<uint64_t>(at - row_.line) + 1, kCountExpected, "more");
      }
      const char* stop = at;
      if (field <= kFields) {
        stop = scan_decimal(at, end, row_.values[field]);
        if (stop == at || (stop < end && !is_blank(*stop))) fail_number(field, at, end);
      } else {
        stop += word_at(at, end).size();
      }
      row_.starts[field] = at;
      row_.count = field;
      at = stop;
      while (at < end && is_blank(*at)) ++at;
    }
    if (row_.count < kFields) {
      errors_.fail(static_cast<uint64_t>(end - row_.line) + 1, kCountExpected,
                   std::to_string(row_.count));
    }
  }

  [[noreturn]] void fail_number(size_t field, const char* at, const char* end) {
    errors_.fail(static_cast<uint64_t>(at - row_.line) + 1,
                 std::string("a number for field ") + std::to_string(field) + " (" +
                     kFieldNames[field] + ")",
                 quoted(word_at(at, end)));
  }

  [[noreturn]] void fail_field(size_t field, const std::string& expected) {
    errors_.fail(row_.column(field),
                 expected + " for field " + std::to_string(field) + " (" + kFieldNames[field] + ")",
                 quoted(word_at(row_.starts[field], row_.end)));
  }

  /// A count or a name: a whole number; below zero: unknown.
  int64_t whole(size_t field, int64_t most) {
    const Decimal& value = row_.values[field];
    if (!value.is_whole() || value.whole > most) fail_whole(field, most);
    return value.whole;
  }

  // Apart from `whole`, which stays small enough to be inlined.
  [[noreturn]] void fail_whole(size_t field, int64_t most) {
    fail_field(field, "a whole number of at most " + std::to_string(most));
  }

  /// A time in seconds as nanoseconds; below zero: unknown.
  int64_t nanoseconds(size_t field) {
    int64_t ns = 0;
    if (!to_nanoseconds(row_.values[field], ns)) fail_seconds(field);
    return ns;
  }

  [[noreturn]] void fail_seconds(size_t field) {
    fail_field(field, "at most " + std::to_string(kMaxSeconds) + " seconds");
  }

  void take_row() {
    const int64_t number = whole(kJob, INT64_MAX);
    if (number < 0) fail_field(kJob, "a job number of 0 or more");
    const int64_t submit = nanoseconds(kSubmit);
    if (submit < 0) fail_field(kSubmit, "0 seconds or more");
    const int64_t run = nanoseconds(kRun);
    const int64_t requested_time = nanoseconds(kRequestedTime);
    const int64_t think_time = nanoseconds(kThinkTime);
    const int64_t allocated = whole(kAllocated, limits::kTasksPerJob);
    const int64_t requested = whole(kRequested, limits::kTasksPerJob);
    const int64_t user = whole(kUser, INT64_MAX);
    const int64_t group = whole(kGroup, INT64_MAX);
    const int64_t queue = whole(kQueue, INT64_MAX);
    const int64_t preceding = whole(kPreceding, INT64_MAX);
    const int64_t status = whole(kStatus, INT64_MAX);
    const int64_t memory_mib = task_memory_mib();
    const std::string_view queue_name =
        row_.count >= kQueueName ? word_at(row_.starts[kQueueName], row_.end) : "-";
    if (!is_good_name(queue_name)) {
      errors_.fail(row_.column(kQueueName), "a queue name of at most 255 printable bytes",
                   quoted(queue_name));
    }
    if (!can_run(status, run, requested, allocated)) {
      ++report_.left_out;
      return;
    }
    if (workload_.specs.size() >= limits::kJobs) {
      errors_.fail(0, "at most " + std::to_string(limits::kJobs) + " jobs", "more");
    }
    if (!numbers_.add(number)) fail_field(kJob, "a number that no earlier job has");

    JobSpec& spec = workload_.specs.emplace_back();
    char text[20];
    spec.name.assign(text, std::to_chars(text, text + sizeof text, number).ptr);
    spec.submit.ns = submit;
    spec.tasks = static_cast<uint32_t>(requested > 0 ? requested : allocated);
    spec.min_tasks = spec.max_tasks = spec.tasks;
    spec.each.memory_mib = memory_mib;
    if (requested_time > 0) spec.requested_time.ns = requested_time;
    if (user >= 0) spec.user = users_.index_of(user);
    if (group >= 0) spec.group = groups_.index_of(group);
    if (row_.count >= kQueueName) {
      spec.queue = queues_.index_of(queue_name);
    } else if (queue >= 0) {
      spec.queue = queues_.index_of(queue);
    }
    if (row_.count > kFields) {
      oddities_.count("rows have more than 18 fields; of those, only a queue name (20) was used");
    }
    if (preceding > 0) take_preceding(spec, preceding, think_time);

    JobTruth& truth = workload_.truths.emplace_back();
    truth.run_time.ns = run;
    truth.end = status == 0   ? TraceEnd::kFailed
                : status == 5 ? TraceEnd::kCancelled
                              : TraceEnd::kCompleted;
    if (requested <= 0) {
      oddities_.count("jobs have no requested processors; the allocated ones were used");
    }
    if (requested_time > 0 && run > requested_time) {
      oddities_.count("jobs ran longer than the time they had requested");
    }
  }

  int64_t task_memory_mib() {
    constexpr int64_t kMostKib = int64_t{1} << 50;
    const int64_t kib = whole(kRequestedMemory, kMostKib);
    return options_.swf_memory && kib > 0 ? (kib + 1023) / 1024 : 0;
  }

  bool can_run(int64_t status, int64_t run, int64_t requested, int64_t allocated) {
    // 2, 3 and 4: one stretch of a job that has a row of its own for the whole.
    if (status >= 2 && status <= 4) {
      oddities_.count("rows tell of a stretch of a job (status 2, 3 or 4) and were left out");
      return false;
    }
    if (status == 5 && run <= 0) {
      oddities_.count("jobs were cancelled before they started and were left out");
      return false;
    }
    if (run < 0) {
      oddities_.count("rows have no run time and were left out");
      return false;
    }
    if (requested <= 0 && allocated <= 0) {
      oddities_.count("rows have no number of processors and were left out");
      return false;
    }
    return true;
  }

  void take_preceding(JobSpec& spec, int64_t preceding, int64_t think_time) {
    const uint32_t row = numbers_.row_of(preceding);
    if (row == UINT32_MAX || row + 1 == workload_.specs.size()) {
      oddities_.count("jobs name a preceding job that is not above them; ignored");
      return;
    }
    spec.after.push_back({row});
    spec.think_time.ns = std::max<int64_t>(think_time, 0);
  }

  /// "; MaxProcs: 100" and the like.
  void take_comment(std::string_view text) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return;
    std::string_view key = text.substr(0, colon);
    while (!key.empty() && is_blank(key.front())) key.remove_prefix(1);
    while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
    const char* end = text.data() + text.size();
    const char* at = text.data() + colon + 1;
    while (at < end && is_blank(*at)) ++at;
    Decimal value;
    if (scan_decimal(at, end, value) == at || !value.is_whole()) return;
    if (key == "MaxProcs" && value.whole > 0 && value.whole <= UINT32_MAX) {
      workload_.machine_processors = static_cast<uint32_t>(value.whole);
    } else if (key == "MaxNodes" && value.whole > 0 && value.whole <= UINT32_MAX) {
      workload_.machine_nodes = static_cast<uint32_t>(value.whole);
    } else if (key == "UnixStartTime" && value.whole >= 0) {
      report_.unix_start = value.whole;
    }
  }

  LineReader& lines_;
  const ReadOptions& options_;
  ReadReport& report_;
  RowErrors errors_;
  Oddities oddities_;
  Workload workload_;
  NameTable users_;
  NameTable groups_;
  NameTable queues_;
  NumberIndex numbers_;
  Row row_;
};

}  // namespace

Workload read_swf(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                  ReadReport& report) {
  return SwfReader(lines, options, report).read(expected_jobs);
}

}  // namespace orrery::traces
