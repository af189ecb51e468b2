#include "sim/checkers.hpp"

#include <cstdlib>

namespace orrery::sim {

namespace {

Part part_of(const StartTask& what, uint32_t node) { return {node, what.tasks, what.gpus}; }

// Negative amounts only, so that a node that is legitimately full passes.
bool overdrawn(const Capacity& left, uint32_t gpus) {
  if (left.cpu_milli < 0 || left.memory_mib < 0) return true;
  for (uint32_t gpu = 0; gpu < gpus; ++gpu) {
    if (left.gpu_milli[gpu] < 0 || left.gpu_memory_mib[gpu] < 0) return true;
  }
  return false;
}

StartTask without_processors(StartTask what) {
  what.gpus.milli = 0;
  return what;
}

TaskDemand memory_only(TaskDemand demand) {
  demand.cpu_milli = 0;
  return demand;
}

}  // namespace

Checkers::Checkers(std::shared_ptr<const ClusterSpec> cluster,
                   std::shared_ptr<const Workload> workload)
    : cluster_(std::move(cluster)), workload_(std::move(workload)) {
  for (const NodeSpec& node : cluster_->nodes) left_.push_back(node.capacity);
  last_epoch_.assign(workload_->size(), 0);
  state_.assign(workload_->size(), 0);
}

// Apart, so that the strings do not burden what is called for every note and container.
void Checkers::fail(Instant now, std::string_view before, const JobSpec& job,
                    std::string_view after) {
  fail(now, std::string(before) + "job " + job.name + std::string(after));
}

void Checkers::fail(Instant now, const std::string& what) {
  if (violation_.empty()) violation_ = "at " + seconds_text(now.ns) + " s: " + what;
}

void Checkers::over_committed(Instant now, const StartTask& what, uint32_t node, const char* how) {
  fail(now, "node " + std::to_string(node) + " is over-committed by " + how, *what.spec, "");
}

void Checkers::time(Instant now) {
  ++checks_;
  if (now < last_) [[unlikely]]
    fail(now, "time went back from " + seconds_text(last_.ns) + " s");
  last_ = now;
}

void Checkers::container_started(Instant now, const StartTask& what, uint32_t node) {
  ++checks_;
  take(left_[node], what.spec->each, part_of(what, node));
  if (!overdrawn(left_[node], cluster_->nodes[node].gpus)) [[likely]]
    return;
  over_committed(now, what, node, "");
}

void Checkers::container_ended(Instant now, const StartTask& what, uint32_t node, bool suspended) {
  give(left_[node], what.spec->each, part_of(what, node));
  if (!suspended) return;
  take(left_[node], memory_only(what.spec->each), part_of(without_processors(what), node));
  if (overdrawn(left_[node], cluster_->nodes[node].gpus)) {
    over_committed(now, what, node, "suspended ");
  }
}

void Checkers::suspended_dropped(const StartTask& what, uint32_t node) {
  give(left_[node], memory_only(what.spec->each), part_of(without_processors(what), node));
}

void Checkers::attempt_started(Instant now, JobId job, Epoch epoch) {
  ++checks_;
  if (epoch <= last_epoch_[job.index]) {
    fail(now, "attempt " + std::to_string(epoch) + " of ", workload_->specs[job.index],
         " was started twice");
  }
  if (state_[job.index] != 1) {
    fail(now, "", workload_->specs[job.index], " runs but is not in the system");
  }
  last_epoch_[job.index] = epoch;
}

void Checkers::worked(JobId job, int64_t work_ns) { work_[job.index] += work_ns; }

void Checkers::wrong_work(Instant now, JobId job, int64_t done, int64_t wanted) {
  fail(now, "", workload_->specs[job.index],
       " ended with " + seconds_text(done) + " s of its " + seconds_text(wanted) +
           " s of work done");
}

void Checkers::work_done(Instant now, JobId job, int64_t work_ns, uint32_t segments) {
  ++checks_;
  auto at = work_.find(job.index);
  int64_t done = work_ns + (at == work_.end() ? 0 : at->second);
  int64_t wanted = workload_->truths[job.index].run_time.ns;
  if (std::llabs(done - wanted) > int64_t{2} * segments) {
    wrong_work(now, job, done, wanted);
  }
  if (at != work_.end()) work_.erase(at);
}

void Checkers::note(Instant at, const Note& note) {
  if (const auto* arrived = std::get_if<JobArrived>(&note)) {
    uint8_t& state = state_[arrived->spec->id.index];
    if (state != 0) fail(at, "", *arrived->spec, " arrived twice");
    state = 1;
  } else if (const auto* ended = std::get_if<JobEnded>(&note)) {
    ++checks_;
    uint8_t& state = state_[ended->spec->id.index];
    if (state != 1) fail(at, "", *ended->spec, " ended twice or before it arrived");
    state = 2;
  }
}

void Checkers::finish(Instant now) {
  for (size_t job = 0; job < state_.size(); ++job) {
    ++checks_;
    if (state_[job] == 2) continue;
    fail(now, "job " + workload_->specs[job].name +
                  (state_[job] == 0 ? " never arrived" : " was lost: it arrived and never ended"));
  }
}

}  // namespace orrery::sim
