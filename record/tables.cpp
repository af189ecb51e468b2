#include "record/tables.hpp"

#include <algorithm>

#include "record/output_file.hpp"
#include "record/summary.hpp"

namespace orrery::record {

namespace {

// Batsim 4's columns in the order of its files, then ours.
constexpr std::string_view kJobsHeader =
    "job_id,workload_name,profile,submission_time,requested_number_of_resources,requested_time,"
    "success,final_state,starting_time,execution_time,finish_time,waiting_time,turnaround_time,"
    "stretch,allocated_resources,consumed_energy,metadata,"
    "end,exit_code,user,group,queue,priority,cores,gpus,last_start,held_time,bounded_slowdown,"
    "attempts,preemptions,resizes,wait_reason,start_reason\n";

constexpr std::string_view kTimelineHeader =
    "time_s,width_s,cores_used,core_utilisation,gpus_used,gpu_utilisation,pending_jobs,"
    "running_jobs,nodes_down,power_w,gpu_fragmentation\n";

const char* batsim_state(const JobRow& row) {
  switch (row.state) {
    case FinalState::kCompleted: return "COMPLETED_SUCCESSFULLY";
    case FinalState::kFailed: return "COMPLETED_FAILED";
    case FinalState::kTimeLimit: return "COMPLETED_WALLTIME_REACHED";
    case FinalState::kCancelled:
    case FinalState::kNodeFailed: return "COMPLETED_KILLED";
    case FinalState::kRejected: return "REJECTED";
    case FinalState::kUnfinished: break;
  }
  return row.phase == JobPhase::kRunning ? "RUNNING" : "SUBMITTED";
}

// Names as CSV fields, made once: users, groups and queues repeat in a million rows.
std::vector<std::string> fields_of(const std::vector<std::string>& names) {
  std::vector<std::string> fields;
  fields.reserve(names.size());
  for (const std::string& name : names) {
    std::string field(2 * name.size() + 2, '\0');
    field.resize(static_cast<size_t>(put_field(field.data(), name) - field.data()));
    fields.push_back(std::move(field));
  }
  return fields;
}

size_t longest(const std::vector<std::string>& fields) {
  size_t most = 0;
  for (const std::string& field : fields) most = std::max(most, field.size());
  return most;
}

class JobsTable {
 public:
  JobsTable(const std::filesystem::path& file, const Rows& rows, const std::string& workload,
            bool powered)
      : out_(file),
        rows_(rows),
        workload_(fields_of({workload})[0]),
        users_(fields_of(rows.workload->users)),
        groups_(fields_of(rows.workload->groups)),
        queues_(fields_of(rows.workload->queues)),
        room_(workload_.size() + longest(users_) + longest(groups_) + longest(queues_) +
              34 * kNumberRoom),
        powered_(powered) {}

  void write() {
    out_.write(kJobsHeader);
    for (size_t i = 0; i < rows_.jobs.size(); ++i) {
      if (rows_.jobs[i].phase != JobPhase::kUnseen) {
        write_row(rows_.workload->specs[i], rows_.jobs[i]);
      }
    }
    out_.commit();
  }

 private:
  void write_row(const JobSpec& spec, const JobRow& row) {
    char* at = out_.room(room_ + 2 * spec.name.size());
    at = put_field(at, spec.name);
    *at++ = ',';
    at = put(at, workload_);
    at = put(at, ",,");
    at = put_seconds(at, spec.submit.ns);
    *at++ = ',';
    at = put_uint(at, spec.tasks);
    *at++ = ',';
    at = spec.requested_time == Duration::infinite() ? put(at, "-1")
                                                     : put_seconds(at, spec.requested_time.ns);
    *at++ = ',';
    *at++ = row.state == FinalState::kCompleted ? '1' : '0';
    *at++ = ',';
    at = put(at, batsim_state(row));
    *at++ = ',';
    at = put_times(at, spec, row);
    *at++ = ',';
    out_.wrote(at);
    put_nodes(row);
    at = out_.room(room_);
    *at++ = ',';
    at = powered_ ? put_decimal(at, rows_.energy_joules[spec.id.index]) : put(at, "-1");
    at = put(at, ",\"\",");
    at = put_own(at, spec, row);
    *at++ = '\n';
    out_.wrote(at);
  }

  // Batsim's times. What did not happen stays empty.
  static char* put_times(char* at, const JobSpec& spec, const JobRow& row) {
    bool started = row.first_start != Instant::never();
    bool ended = row.phase == JobPhase::kEnded && row.state != FinalState::kRejected;
    if (started) at = put_seconds(at, row.first_start.ns);
    *at++ = ',';
    if (started && ended) at = put_seconds(at, (row.end - row.first_start).ns);
    *at++ = ',';
    if (ended) at = put_seconds(at, row.end.ns);
    *at++ = ',';
    if (started) at = put_seconds(at, (row.first_start - spec.submit).ns);
    *at++ = ',';
    if (ended) at = put_seconds(at, (row.end - spec.submit).ns);
    *at++ = ',';
    if (started && ended && row.end > row.first_start) {
      at = put_decimal(at, static_cast<double>((row.end - spec.submit).ns) /
                               static_cast<double>((row.end - row.first_start).ns));
    }
    return at;
  }

  // Intervals as Batsim writes them: "0-3 7".
  void put_nodes(const JobRow& row) {
    if (row.last_piece == kNone) return;
    NodeListReader nodes(rows_.nodes.data() + rows_.pieces[row.last_piece].nodes);
    NodeRun run;
    NodeRun ahead;
    bool any = nodes.next(ahead);
    for (bool first = true; any; first = false) {
      run = ahead;
      // Neighbours with other numbers of tasks are runs of their own but one interval.
      while ((any = nodes.next(ahead)) && ahead.first == run.last + 1) run.last = ahead.last;
      char* at = out_.room(2 * kNumberRoom);
      if (!first) *at++ = ' ';
      at = put_uint(at, run.first);
      if (run.last != run.first) {
        *at++ = '-';
        at = put_uint(at, run.last);
      }
      out_.wrote(at);
    }
  }

  char* put_own(char* at, const JobSpec& spec, const JobRow& row) const {
    bool started = row.first_start != Instant::never();
    bool ended = row.phase == JobPhase::kEnded;
    at = put(at, name_of(row.state));
    *at++ = ',';
    if (started && ended) at = put_int(at, row.exit_code);
    const std::string* names[] = {&users_[spec.user], &groups_[spec.group], &queues_[spec.queue]};
    for (const std::string* name : names) {
      *at++ = ',';
      at = put(at, *name);
    }
    *at++ = ',';
    at = put_int(at, spec.priority);
    *at++ = ',';
    at = put_milli(at, spec.each.cpu_milli * spec.tasks);
    *at++ = ',';
    at = put_milli(at, int64_t{spec.each.gpus} * spec.each.gpu_milli * spec.tasks);
    *at++ = ',';
    if (started) at = put_seconds(at, row.last_start.ns);
    *at++ = ',';
    at = put_seconds(at, row.held.ns);
    *at++ = ',';
    if (started && ended) at = put_decimal(at, bounded_slowdown(row.end - spec.submit, row.held));
    for (uint32_t count : {row.attempts, row.preemptions, row.resizes}) {
      *at++ = ',';
      at = put_uint(at, count);
    }
    for (ReasonCode code : {row.wait_reason, row.start_reason}) {
      *at++ = ',';
      if (code != ReasonCode::kNone) at = put(at, orrery::name_of(code));
    }
    return at;
  }

  OutputFile out_;
  const Rows& rows_;
  std::string workload_;
  std::vector<std::string> users_;
  std::vector<std::string> groups_;
  std::vector<std::string> queues_;
  size_t room_;
  bool powered_;
};

}  // namespace

void write_jobs(const std::filesystem::path& file, const Rows& rows, const std::string& workload,
                bool powered) {
  JobsTable(file, rows, workload, powered).write();
}

void write_timeline(const std::filesystem::path& file, const Rows& rows, const Timeline& timeline) {
  int64_t cpu_milli = 0;
  int64_t gpu_milli = 0;
  for (const NodeSpec& node : rows.cluster->nodes) {
    cpu_milli += node.capacity.cpu_milli;
    gpu_milli += int64_t{node.gpus} * 1000;
  }
  const double fragmented = rows.fragmented_gpu * static_cast<double>(gpu_milli) / 1000;
  OutputFile out(file);
  out.write(kTimelineHeader);
  for (size_t i = 0; i < timeline.buckets().size(); ++i) {
    const Timeline::Sums& sums = timeline.buckets()[i];
    Instant begin = timeline.begin() + timeline.width() * static_cast<int64_t>(i);
    int64_t width = std::min(timeline.width().ns, (timeline.end() - begin).ns);
    if (width == 0) continue;
    auto mean = [&](Timeline::Level level, double unit) {
      return static_cast<double>(sums[level]) / (unit * static_cast<double>(width));
    };
    auto share = [&](Timeline::Level level, int64_t all) {
      return all == 0 ? 0.0 : mean(level, static_cast<double>(all));
    };
    char* at = out.room(13 * kNumberRoom);
    at = put_seconds(at, begin.ns);
    *at++ = ',';
    at = put_seconds(at, width);
    for (double value : {mean(Timeline::kCores, 1e3), share(Timeline::kCores, cpu_milli),
                         mean(Timeline::kGpus, 1e3), share(Timeline::kGpus, gpu_milli),
                         mean(Timeline::kPending, 1), mean(Timeline::kRunning, 1),
                         mean(Timeline::kNodesDown, 1), mean(Timeline::kPower, 1e6)}) {
      *at++ = ',';
      at = put_decimal(at, value);
    }
    *at++ = ',';
    if (fragmented > 0) at = put_decimal(at, mean(Timeline::kFragmented, fragmented));
    *at++ = '\n';
    out.wrote(at);
  }
  out.commit();
}

void write_text(const std::filesystem::path& file, std::string_view text) {
  OutputFile out(file);
  out.write(text);
  out.commit();
}

}  // namespace orrery::record
