#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>

#include "traces/builder.hpp"
#include "traces/writer.hpp"

namespace orrery::traces {

namespace {

/// The names as job numbers, or nothing when they are not distinct whole numbers.
std::optional<std::vector<int64_t>> job_numbers(const Workload& workload) {
  std::vector<int64_t> numbers;
  std::unordered_set<int64_t> seen;
  for (const auto& spec : workload.specs) {
    const char* end = spec.name.data() + spec.name.size();
    int64_t number = 0;
    const auto parsed = std::from_chars(spec.name.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < 1) return std::nullopt;
    if (number > 999'999'999'999'999'999 || !seen.insert(number).second) return std::nullopt;
    numbers.push_back(number);
  }
  return numbers;
}

/// -1 where there is none, as SWF has it.
std::string index_text(uint32_t index) { return index == 0 ? "-1" : std::to_string(index); }

int64_t processors_of(const JobSpec& spec) {
  const int64_t cores = std::max<int64_t>((spec.each.cpu_milli + 999) / 1000, 1);
  return cores * spec.tasks;
}

void count_losses(const JobSpec& spec, const JobTruth& truth, Oddities& lost) {
  if (spec.each.memory_mib > 0) lost.count("jobs lost their memory demand");
  if (spec.each.gpus > 0) lost.count("jobs lost their GPUs");
  if (spec.each.cpu_milli % 1000 != 0) lost.count("jobs had their cores rounded up");
  if (spec.each.cpu_milli == 0) lost.count("jobs without cores got one processor a task");
  if (spec.each.cpu_milli > 1000) lost.count("jobs have a processor for each core of a task");
  if (spec.priority != 0) lost.count("jobs lost their priority");
  if (spec.flexibility != Flexibility::kRigid) lost.count("jobs lost their flexibility");
  if (spec.after.size() > 1) lost.count("jobs lost all but the last of the jobs they wait for");
  if (truth.cancel_at != Instant::never()) lost.count("jobs lost the time of their cancellation");
  if (spec.deadline != Instant::never()) lost.count("jobs lost their deadline");
  if (spec.kind != 0) lost.count("jobs lost their kind");
  if (truth.speed != 0) lost.count("jobs lost their speed model");
}

void append_row(std::string& out, const JobSpec& spec, const JobTruth& truth,
                const std::vector<int64_t>& numbers) {
  const auto field = [&out](const std::string& text) { (out += text) += ' '; };
  const bool waits = !spec.after.empty();
  const int64_t preceding =
      waits ? numbers[std::max_element(spec.after.begin(), spec.after.end())->index] : -1;
  const char* status = truth.end == TraceEnd::kCompleted ? "1"
                       : truth.end == TraceEnd::kFailed  ? "0"
                                                         : "5";
  field(std::to_string(numbers[spec.id.index]));
  field(seconds_text(spec.submit.ns));
  field("-1");
  field(seconds_text(truth.run_time.ns));
  field(std::to_string(processors_of(spec)));
  field("-1 -1");
  field(std::to_string(processors_of(spec)));
  field(spec.requested_time == Duration::infinite() ? "-1" : seconds_text(spec.requested_time.ns));
  field("-1");
  field(status);
  field(index_text(spec.user));
  field(index_text(spec.group));
  field("-1");
  field(index_text(spec.queue));
  field("-1");
  field(std::to_string(preceding));
  out += (waits ? seconds_text(spec.think_time.ns) : "-1") + "\n";
}

}  // namespace

std::vector<std::string> write_swf(const Workload& w, ByteSink& sink) {
  require_valid(w);
  Oddities lost;
  auto numbers = job_numbers(w);
  if (!numbers) {
    numbers.emplace();
    for (size_t i = 1; i <= w.size(); ++i) numbers->push_back(static_cast<int64_t>(i));
    lost.count("jobs were numbered anew", w.size());
  }
  lost.count("names of users, groups and queues became numbers",
             w.users.size() + w.groups.size() + w.queues.size() - 3);
  std::string out = "; Version: 2.2\n; Conversion: Orrery\n; MaxJobs: " + std::to_string(w.size()) +
                    "\n; MaxRecords: " + std::to_string(w.size()) + "\n";
  if (w.machine_nodes != 0) out += "; MaxNodes: " + std::to_string(w.machine_nodes) + "\n";
  if (w.machine_processors != 0)
    out += "; MaxProcs: " + std::to_string(w.machine_processors) + "\n";
  constexpr size_t kChunk = size_t{1} << 20;
  for (size_t i = 0; i < w.size(); ++i) {
    count_losses(w.specs[i], w.truths[i], lost);
    append_row(out, w.specs[i], w.truths[i], *numbers);
    if (out.size() < kChunk) continue;
    sink.write(out);
    out.clear();
  }
  sink.write(out);
  std::vector<std::string> told;
  lost.write_to(told);
  return told;
}

std::vector<std::string> write_swf(const Workload& workload, const std::string& path) {
  FileSink sink(path);
  auto lost = write_swf(workload, sink);
  sink.close();
  return lost;
}

}  // namespace orrery::traces
