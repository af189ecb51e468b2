// FakeOperations: a controller in memory, for tests of the HTTP interface and of the verbs.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "live/api/operations.hpp"

namespace orrery::live::api {

class FakeOperations : public Operations {
 public:
  FakeOperations() {
    NodeRow node;
    node.name = "node-1";
    node.state = "ready";
    node.cpu_milli = 8000;
    node.cpu_milli_free = 6500;
    node.memory_mib = 65536;
    node.memory_mib_free = 65536 - 512;
    node.gpus = 4;
    node.gpus_free = 3;
    node.gpu_type = "A100";
    node.jobs = {0};
    node.software = "0.1.0";
    node.last_heard_s = 0.5;
    nodes_.push_back(node);
    node.name = "node-2";
    node.jobs.clear();
    node.last_heard_s.reset();
    nodes_.push_back(node);
  }

  JobRow submit(const JobRequest& request, const Caller& caller) override {
    const std::lock_guard lock(mutex_);
    if (on_submit) on_submit();
    for (const JobRow& job : jobs_) {
      if (!request.key.empty() && keys_[job.id] == std::pair(caller.name, request.key)) return job;
    }
    JobRow job;
    job.id = static_cast<uint32_t>(jobs_.size());
    job.name = request.name.empty() ? "job-" + std::to_string(job.id) : request.name;
    job.user = caller.name;
    job.group = request.group;
    job.queue = request.queue;
    job.state = "pending";
    job.reason = "not enough GPUs are free";
    job.command = request.command;
    job.image = request.image;
    job.tasks = request.tasks;
    job.cpu_milli = request.cpu_milli;
    job.memory_mib = request.memory_mib;
    job.gpus = request.gpus;
    job.gpu_milli = request.gpu_milli;
    job.priority = request.priority;
    job.requested_s = request.requested_s;
    job.submitted = 1'700'000'000;
    job.after = request.after;
    jobs_.push_back(job);
    keys_.emplace_back(caller.name, request.key);
    requests_.push_back(request);
    return job;
  }

  JobRow cancel(uint32_t job, const Caller&) override {
    const std::lock_guard lock(mutex_);
    JobRow& row = find(job);
    if (row.ended && row.state != "cancelled") {
      throw Refusal("conflict", "job " + std::to_string(job) + " has ended already");
    }
    row.state = "cancelled";
    row.ended = row.submitted + 60;
    return row;
  }

  JobRow job(uint32_t job) override {
    const std::lock_guard lock(mutex_);
    return find(job);
  }

  std::vector<JobRow> jobs(const JobFilter& filter) override {
    const std::lock_guard lock(mutex_);
    std::vector<JobRow> all;
    for (const JobRow& job : jobs_) {
      if (!filter.ended && job.ended) continue;
      if (!filter.user.empty() && job.user != filter.user) continue;
      if (!filter.state.empty() && job.state != filter.state) continue;
      all.push_back(job);
    }
    if (all.size() > filter.most) all.erase(all.begin(), all.end() - filter.most);
    return all;
  }

  std::vector<NodeRow> nodes() override {
    const std::lock_guard lock(mutex_);
    return nodes_;
  }

  NodeRow drain(const std::string& node, bool drained, const std::string& reason,
                const Caller& caller) override {
    const std::lock_guard lock(mutex_);
    for (NodeRow& row : nodes_) {
      if (row.name != node) continue;
      row.state = !drained ? "ready" : row.jobs.empty() ? "drained" : "draining";
      row.reason = drained ? reason + " (" + caller.name + ")" : "";
      return row;
    }
    throw Refusal("not-found", "there is no node " + node);
  }

  Explanation explain(uint32_t job) override {
    const std::lock_guard lock(mutex_);
    return {find(job), "It waits for 2 GPUs; 1 is free.", {"Job 0 ends.", "A node is added."}, 3};
  }

  Estimate estimate(uint32_t job) override {
    const std::lock_guard lock(mutex_);
    return {find(job), {30, 60, 90}, {3630, 3660, std::nullopt}, 20, "No new jobs arrive."};
  }

  std::vector<PlannedStep> plan() override {
    return {{"start", 0, "train", "first in order", {{"node-1", 2, "planned", 3}}},
            {"wait", 1, "later", "not enough free", {}}};
  }

  LogPiece log(uint32_t job, uint32_t attempt, uint32_t part, uint64_t from, uint32_t most,
               const Caller&) override {
    const std::lock_guard lock(mutex_);
    find(job);
    if (part > 0) throw Refusal("not-found", "attempt " + std::to_string(attempt) + " has 1 part");
    if (from > output.size()) return {"", output.size(), ended};
    const std::string bytes = output.substr(from, most);
    const uint64_t next = from + bytes.size();
    return {bytes, next, ended && next == output.size()};
  }

  std::vector<Metric> metrics() override {
    const std::lock_guard lock(mutex_);
    using Kind = Metric::Kind;
    return {
        {"orrery_jobs",
         "Jobs by state.",
         Kind::kGauge,
         {{{{"state", "pending"}}, static_cast<double>(jobs_.size())}}},
        {"orrery_decisions_total",
         "Decisions, with \\ and\na line end.",
         Kind::kCounter,
         {{{{"kind", "a \"quoted\" \\ one\nin two lines \xff"}}, 12}}},
        {"orrery_decide_seconds",
         "How long the policy took.",
         Kind::kHistogram,
         {{{{"__suffix__", "_bucket"}, {"le", "0.1"}}, 1},
          {{{"__suffix__", "_bucket"}, {"le", "+Inf"}}, 2},
          {{{"__suffix__", "_sum"}}, 0.25},
          {{{"__suffix__", "_count"}}, 2}}},
    };
  }

  Health health() override {
    if (faults.empty()) return {true, {}, "run-1", "0.1.0", 12.5};
    return {false, faults, "run-1", "0.1.0", 12.5};
  }

  /// Turns a job into one that runs.
  void start(uint32_t job) {
    const std::lock_guard lock(mutex_);
    JobRow& row = find(job);
    row.state = "running";
    row.reason.clear();
    row.started = row.submitted + 10;
    row.attempts = 1;
    row.parts = {{"node-1", row.tasks, "running", 3}};
  }
  /// Turns a job into one that has ended.
  void end(uint32_t job, const std::string& state, int32_t exit_code) {
    const std::lock_guard lock(mutex_);
    JobRow& row = find(job);
    row.state = state;
    row.ended = row.submitted + 100;
    row.exit_code = exit_code;
    row.attempts = std::max(row.attempts, 1u);
    row.started = row.started.value_or(row.submitted);
  }
  void say(const std::string& more, bool last) {
    const std::lock_guard lock(mutex_);
    output += more;
    ended = last;
  }
  std::vector<JobRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  std::string output = "hello\nworld\n";
  bool ended = true;
  std::vector<std::string> faults;
  std::function<void()> on_submit;

 private:
  JobRow& find(uint32_t job) {
    if (job < jobs_.size()) return jobs_[job];
    throw Refusal("not-found", "there is no job " + std::to_string(job));
  }

  std::mutex mutex_;
  std::vector<JobRow> jobs_;
  std::vector<std::pair<std::string, std::string>> keys_;
  std::vector<JobRequest> requests_;
  std::vector<NodeRow> nodes_;
};

}  // namespace orrery::live::api
