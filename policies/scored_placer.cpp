#include "policies/scored_placer.hpp"

#include <algorithm>

namespace orrery {

void ScoredPlacer::look(const ClusterView& view) {
  if (scores_.how() != Scoring::kGpuClustering) return;
  bool same = held_.size() == view.node_count();
  for (uint32_t node = 0; same && node < held_.size(); ++node) {
    same = held_[node] == view.free(node);
  }
  if (same) return;  // what has started since was told
  kinds_.assign(view.node_count(), 0);
  held_.clear();
  for (uint32_t node = 0; node < view.node_count(); ++node) held_.push_back(view.free(node));
  for (const RunningJob& running : view.running()) {
    const JobState& job = view.job(running.id);
    add_kinds(job.spec->each, job.parts);
  }
  for (uint32_t node = 0; node < kinds_.size(); ++node) scores_.set_kinds(node, kinds_[node]);
}

void ScoredPlacer::started(const JobState& job, std::span<const Part> parts) {
  if (scores_.how() != Scoring::kGpuClustering) return;
  add_kinds(job.spec->each, parts);
  for (const Part& part : parts) {
    scores_.set_kinds(part.node, kinds_[part.node]);
    take(held_[part.node], job.spec->each, part);
  }
}

void ScoredPlacer::add_kinds(const TaskDemand& demand, std::span<const Part> parts) {
  for (const Part& part : parts) {
    if (part.tasks > 0) kinds_[part.node] |= kind_of(demand);
  }
}

void ScoredPlacer::learn(const JobSpec& job) {
  if (job.id.index >= counted_.size()) counted_.resize(job.id.index + 1, false);
  if (!counted_[job.id.index]) {
    counted_[job.id.index] = true;
    const TaskClass one = class_of(job.each, 1);
    asked_[{one.cpu_milli, one.gpus, one.gpu_milli, one.gpu_types}] += job.tasks;
    tasks_seen_ += job.tasks;
  }
  if (tasks_in_mix_ > 0 && tasks_seen_ < tasks_in_mix_ + tasks_in_mix_ / 10 + 1) return;
  tasks_in_mix_ = tasks_seen_;
  std::vector<TaskClass> classes;
  for (const auto& [key, weight] : asked_) {
    const auto& [cpu_milli, gpus, gpu_milli, gpu_types] = key;
    classes.push_back({cpu_milli, gpus, gpu_milli, gpu_types, weight});
  }
  scores_.set_mix(std::make_shared<TaskMix>(TaskMix::typical(std::move(classes))));
}

void ScoredPlacer::compare(const Space& space) {
  seen_.resize(space.free.size());
  seen_up_.resize(space.up.size());
  for (uint32_t node = 0; node < seen_.size(); ++node) {
    if (seen_[node] == space.free[node] && seen_up_[node] == space.up[node]) continue;
    seen_[node] = space.free[node];
    seen_up_[node] = space.up[node];
    scores_.changed(node);
  }
}

void ScoredPlacer::place(const Space& space, const JobSpec& job, uint32_t tasks,
                         std::vector<Part>& parts) {
  if (scores_.how() == Scoring::kFgd) learn(job);
  compare(space);
  if (tasks > 1) return place_gang(space, job.each, tasks, parts);
  if (const auto choice = scores_.best(space, job.each)) {
    parts.push_back({choice->node, 1, choice->gpus});
  }
}

// As many tasks fit one by one as are counted at once: each takes one from its node's count.
void ScoredPlacer::place_gang(const Space& space, const TaskDemand& demand, uint32_t tasks,
                              std::vector<Part>& parts) {
  const std::span<const int32_t> scores = scores_.all(space, demand);
  heap_.clear();
  uint64_t room = 0;
  for (uint32_t node = 0; node < scores.size(); ++node) {
    if (scores[node] == Scores::kDoesNotFit) continue;
    heap_.push_back({scores[node], node});
    const uint32_t type = space.cluster->nodes[node].gpu_type;
    room += tasks_that_fit(space.free[node], type, demand, tasks);
  }
  if (room < tasks) return;
  const bool at_random = scores_.how() == Scoring::kRandomGpu;
  const bool apart = demand.shares_gpu();  // each share has a container of its own
  std::make_heap(heap_.begin(), heap_.end());
  std::map<uint32_t, Capacity> left;   // of the nodes that have got a task
  std::map<uint32_t, size_t> part_of;  // and the part that they have it in
  for (; tasks > 0; --tasks) {
    if (at_random) {
      std::swap(heap_[random_.below(heap_.size())], heap_.back());
    } else {
      std::pop_heap(heap_.begin(), heap_.end());
    }
    const uint32_t node = heap_.back().node;
    Capacity& here = left.try_emplace(node, space.free[node]).first->second;
    Part part{node, 1, {}};
    scores_.score(space, node, here, demand, &part.gpus);
    take(here, demand, part);
    const auto [known, is_new] = part_of.try_emplace(node, parts.size());
    if (is_new || apart) {
      parts.push_back(part);
    } else {
      ++parts[known->second].tasks;
      parts[known->second].gpus.mask |= part.gpus.mask;
    }
    heap_.back().score = scores_.score(space, node, here, demand);
    if (heap_.back().score == Scores::kDoesNotFit) {
      heap_.pop_back();
    } else if (!at_random) {
      std::push_heap(heap_.begin(), heap_.end());
    }
  }
}

}  // namespace orrery
