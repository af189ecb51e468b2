#include "record/fragments.hpp"

#include <algorithm>

namespace orrery::record {

namespace {

TaskMix mix_of(const Workload& workload) {
  std::vector<TaskClass> classes;
  classes.reserve(workload.size());
  for (const JobSpec& spec : workload.specs) classes.push_back(class_of(spec.each, spec.tasks));
  return TaskMix(TaskMix::typical(std::move(classes)));
}

}  // namespace

Fragments::Fragments(const ClusterSpec& cluster, const Workload& workload)
    : cluster_(cluster), mix_(mix_of(workload)), of_node_(cluster.size(), 0) {
  for (uint32_t node = 0; node < cluster.size(); ++node) {
    free_.push_back(cluster.nodes[node].capacity);
    recount(node);
  }
}

void Fragments::recount(uint32_t node) {
  now_ -= of_node_[node];
  of_node_[node] = mix_.fragmentation(free_[node], cluster_.nodes[node].gpu_type);
  now_ += of_node_[node];
}

void Fragments::hold(const JobSpec& spec, std::span<const Part> parts) {
  holding_[spec.id.index].assign(parts.begin(), parts.end());
  for (const Part& part : parts) {
    take(free_[part.node], spec.each, part);
    recount(part.node);
  }
}

void Fragments::release(const JobSpec& spec) {
  const auto held = holding_.find(spec.id.index);
  if (held == holding_.end()) return;
  for (const Part& part : held->second) {
    give(free_[part.node], spec.each, part);
    recount(part.node);
  }
  holding_.erase(held);
}

}  // namespace orrery::record
