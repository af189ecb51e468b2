#include "record/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "record/output_file.hpp"
#include "record/report.hpp"
#include "record/summarise.hpp"
#include "record/tables.hpp"

namespace orrery::record {

namespace {

constexpr const char* kFiles[] = {"jobs.csv",     "timeline.csv", "decisions.csv",
                                  "summary.json", "report.html",  "scenario.yaml"};

void remove_files(const std::filesystem::path& folder) {
  for (const char* file : kFiles) {
    std::error_code ignored;  // what cannot be removed fails when it is written
    std::filesystem::remove(folder / file, ignored);
  }
}

bool has_power(const ClusterSpec& cluster) {
  return std::any_of(cluster.nodes.begin(), cluster.nodes.end(), [](const NodeSpec& node) {
    return node.idle_watts != 0 || node.busy_watts != 0 || node.gpu_idle_watts != 0 ||
           node.gpu_busy_watts != 0;
  });
}

bool has_gpus(const ClusterSpec& cluster) {
  return std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                     [](const NodeSpec& node) { return node.gpus > 0; });
}

int64_t microwatts(double watts) { return std::llround(watts * 1e6); }

uint32_t gpu_milli_of(std::span<const Part> parts) {
  uint32_t sum = 0;
  for (const Part& part : parts) {
    sum += static_cast<uint32_t>(part.gpus.count()) * part.gpus.milli;
  }
  return sum;
}

uint32_t tasks_of(std::span<const Part> parts) {
  uint32_t sum = 0;
  for (const Part& part : parts) sum += part.tasks;
  return sum;
}

}  // namespace

Recorder::Recorder(std::shared_ptr<const ClusterSpec> cluster,
                   std::shared_ptr<const Workload> workload, RecorderOptions options)
    : options_(std::move(options)), fairness_(*cluster, *workload) {
  rows_.cluster = std::move(cluster);
  rows_.workload = std::move(workload);
  rows_.jobs.resize(rows_.workload->size());
  node_down_.resize(rows_.cluster->size());
  powered_ = has_power(*rows_.cluster);
  if (powered_) {
    rows_.energy_joules.resize(rows_.workload->size());
    int64_t idle = 0;
    for (const NodeSpec& node : rows_.cluster->nodes) idle += microwatts(node_idle_watts(node));
    timeline_.change(Timeline::kPower, idle);
  }
  if (has_gpus(*rows_.cluster)) {
    fragments_ = std::make_unique<Fragments>(*rows_.cluster, *rows_.workload);
    rows_.fragmented_gpu = fragments_->of_a_gpu();
    timeline_.change(Timeline::kFragmented, fragments_->now());
  }
  if (options_.folder.empty()) return;
  make_folder(options_.folder);
  remove_files(options_.folder);
  std::error_code ignored;
  std::filesystem::remove(options_.folder / "journal", ignored);
  rows_.pieces.reserve(rows_.workload->size());
  decisions_ = std::make_unique<DecisionLog>(options_.folder / "decisions.csv", rows_.cluster,
                                             rows_.workload);
}

Recorder::~Recorder() {
  if (decisions_ && !finished_) remove_files(options_.folder);
}

void Recorder::note(Instant at, const Note& note) {
  std::visit([&](const auto& what) { on(at, what); }, note);
}

void Recorder::advance(Instant at) {
  if (!late_.empty()) apply_late_changes(at);
  timeline_.advance(at);
  fairness_.advance(timeline_.end());
}

// Changes of nodes wait here until something happens to a job, because the timeline and its totals
// end with the last job, not with the last repair after it.
void Recorder::apply_late_changes(Instant until) {
  for (const LateChange& change : late_) {
    if (change.at > until) break;
    timeline_.advance(change.at);
    timeline_.change(Timeline::kNodesDown, change.down ? 1 : -1);
    if (powered_) {
      int64_t idle = microwatts(node_idle_watts(rows_.cluster->nodes[change.node.index]));
      timeline_.change(Timeline::kPower, change.down ? -idle : idle);
    }
  }
  late_.clear();
}

void Recorder::node_changed(Instant at, NodeId node, bool down) {
  if (node_down_[node.index] == static_cast<uint8_t>(down)) return;
  node_down_[node.index] = down;
  late_.push_back({at, node, down});
}

void Recorder::on(Instant at, const NodeWentDown& note) { node_changed(at, note.node, true); }

void Recorder::on(Instant at, const NodeCameUp& note) { node_changed(at, note.node, false); }

void Recorder::on(Instant at, const JobArrived& note) {
  if (!timeline_.begun()) timeline_.begin(at);
  advance(at);
  JobRow& row = rows_.jobs[note.spec->id.index];
  if (row.phase != JobPhase::kUnseen) return;
  row.phase = JobPhase::kPending;
  timeline_.change(Timeline::kPending, 1);
  fairness_.arrived(*note.spec);
}

void Recorder::on(Instant at, const Decision& note) {
  JobRow& row = rows_.jobs[note.spec->id.index];
  switch (note.kind) {
    case DecisionKind::kStart: row.start_reason = note.reason.code; break;
    case DecisionKind::kWait: row.wait_reason = note.reason.code; break;
    case DecisionKind::kPreempt: ++row.preemptions; break;
    case DecisionKind::kRequeue: ++requeues_; break;
    case DecisionKind::kResize:
    case DecisionKind::kKill:
    case DecisionKind::kReject: break;
  }
  if (decisions_) decisions_->add(at, note);
}

// Books what `parts` hold from `at` on.
void Recorder::hold(Instant at, const JobSpec& spec, JobRow& row, std::span<const Part> parts) {
  Holding& holding = holdings_[spec.id.index];
  holding.since = at;
  holding.tasks = tasks_of(parts);
  holding.gpu_milli = spec.each.gpus > 0 ? gpu_milli_of(parts) : 0;
  timeline_.change(Timeline::kCores, spec.each.cpu_milli * holding.tasks);
  if (holding.gpu_milli != 0) timeline_.change(Timeline::kGpus, holding.gpu_milli);
  fairness_.hold(spec, spec.each.cpu_milli * holding.tasks, holding.gpu_milli);
  if (fragments_) {
    const int64_t before = fragments_->now();
    fragments_->hold(spec, parts);
    timeline_.change(Timeline::kFragmented, fragments_->now() - before);
  }
  if (powered_) {
    double busy = 0;
    double idle = 0;
    for (const Part& part : parts) {
      const NodeSpec& node = rows_.cluster->nodes[part.node];
      busy += part_watts(node, spec.each, part);
      idle += part_idle_watts(node, spec.each, part);
    }
    holding.microwatts = microwatts(busy - idle);
    holding.watts = busy;
    timeline_.change(Timeline::kPower, holding.microwatts);
  }
  if (!decisions_) return;
  auto piece = static_cast<uint32_t>(rows_.pieces.size());
  rows_.pieces.push_back({at, Instant::never(), spec.id.index, row.last_piece, rows_.nodes.size()});
  row.last_piece = piece;
  put_node_list(rows_.nodes, parts);
}

// Ends what `hold` began. Returns the task-seconds of the attempt so far.
double Recorder::release(Instant at, const JobSpec& spec, JobRow& row) {
  const auto found = holdings_.find(spec.id.index);
  const Holding holding = found->second;
  holdings_.erase(found);
  int64_t cpu_milli = spec.each.cpu_milli * holding.tasks;
  timeline_.change(Timeline::kCores, -cpu_milli);
  if (holding.gpu_milli != 0) timeline_.change(Timeline::kGpus, -int64_t{holding.gpu_milli});
  fairness_.hold(spec, -cpu_milli, -int64_t{holding.gpu_milli});
  if (fragments_) {
    const int64_t before = fragments_->now();
    fragments_->release(spec);
    timeline_.change(Timeline::kFragmented, fragments_->now() - before);
  }
  Duration held = at - holding.since;
  row.held += held;
  if (powered_) {
    timeline_.change(Timeline::kPower, -holding.microwatts);
    rows_.energy_joules[spec.id.index] += holding.watts * held.as_seconds();
  }
  if (decisions_) rows_.pieces[row.last_piece].end = at;
  return holding.task_seconds + holding.tasks * held.as_seconds();
}

void Recorder::on(Instant at, const AttemptStarted& note) {
  advance(at);
  JobRow& row = rows_.jobs[note.spec->id.index];
  if (row.phase != JobPhase::kPending) return;
  row.phase = JobPhase::kRunning;
  if (row.attempts == 0) row.first_start = at;
  row.last_start = at;
  ++row.attempts;
  if (const auto before = interrupted_.find(note.spec->id.index); before != interrupted_.end()) {
    const TaskDemand& each = note.spec->each;
    interrupted_core_seconds_ += before->second * static_cast<double>(each.cpu_milli) * 1e-3;
    interrupted_gpu_seconds_ += before->second * each.gpus * each.gpu_milli * 1e-3;
    interrupted_.erase(before);
  }
  timeline_.change(Timeline::kPending, -1);
  timeline_.change(Timeline::kRunning, 1);
  hold(at, *note.spec, row, note.parts);
}

void Recorder::on(Instant at, const AttemptResized& note) {
  advance(at);
  JobRow& row = rows_.jobs[note.spec->id.index];
  if (row.phase != JobPhase::kRunning) return;
  ++row.resizes;
  const double task_seconds = release(at, *note.spec, row);
  hold(at, *note.spec, row, note.parts);
  holdings_[note.spec->id.index].task_seconds = task_seconds;
}

void Recorder::on(Instant at, const AttemptEnded& note) {
  advance(at);
  JobRow& row = rows_.jobs[note.spec->id.index];
  if (row.phase == JobPhase::kRunning) end_attempt(at, *note.spec, row);
}

void Recorder::end_attempt(Instant at, const JobSpec& spec, JobRow& row) {
  interrupted_[spec.id.index] = release(at, spec, row);
  row.phase = JobPhase::kPending;
  timeline_.change(Timeline::kRunning, -1);
  timeline_.change(Timeline::kPending, 1);
}

void Recorder::on(Instant at, const JobEnded& note) {
  // A job that is stopped with the run stays pending or running; finish() closes it.
  if (note.state == FinalState::kUnfinished) return;
  if (!timeline_.begun()) timeline_.begin(at);
  advance(at);
  JobRow& row = rows_.jobs[note.spec->id.index];
  if (row.phase == JobPhase::kEnded) return;
  if (row.phase == JobPhase::kRunning) end_attempt(at, *note.spec, row);
  if (row.phase == JobPhase::kPending) {
    timeline_.change(Timeline::kPending, -1);
    fairness_.ended(note);
  }
  interrupted_.erase(note.spec->id.index);
  row.phase = JobPhase::kEnded;
  row.state = note.state;
  row.exit_code = note.exit_code;
  row.first_start = note.first_start;
  row.last_start = note.last_start;
  row.end = note.end;
  row.held = note.held;
  row.attempts = note.attempts;
  row.preemptions = note.preemptions;
  row.resizes = note.resizes;
}

// What still runs or waits when the run stops counts up to there.
void Recorder::close_open_jobs(Instant end) {
  bool any = std::any_of(rows_.jobs.begin(), rows_.jobs.end(), [](const JobRow& row) {
    return row.phase == JobPhase::kPending || row.phase == JobPhase::kRunning;
  });
  if (!any) return;
  advance(end);
  for (size_t i = 0; i < rows_.jobs.size(); ++i) {
    JobRow& row = rows_.jobs[i];
    if (row.phase == JobPhase::kRunning) release(timeline_.end(), rows_.workload->specs[i], row);
  }
}

Summary Recorder::finish(const RunInfo& info) {
  close_open_jobs(info.end);
  Summary summary = summarise(rows_, timeline_, info);
  summary.requeues = requeues_;
  summary.interrupted_core_hours = interrupted_core_seconds_ / 3600;
  summary.interrupted_gpu_hours = interrupted_gpu_seconds_ / 3600;
  fairness_.add_to(summary);
  if (!powered_) summary.energy_kwh.reset();
  if (!decisions_) return summary;
  decisions_->commit();
  write_jobs(options_.folder / "jobs.csv", rows_, info.workload, powered_);
  write_timeline(options_.folder / "timeline.csv", rows_, timeline_);
  if (!info.scenario.empty()) write_text(options_.folder / "scenario.yaml", info.scenario);
  if (options_.report) write_report(options_.folder / "report.html", rows_, timeline_, summary);
  // Last, so that a folder with a summary holds a whole record.
  write_text(options_.folder / "summary.json", to_json(summary));
  finished_ = true;
  return summary;
}

}  // namespace orrery::record
