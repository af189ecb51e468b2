#include "actors/cluster.hpp"

namespace orrery {

namespace {

double core_share(const NodeSpec& node, const TaskDemand& demand, const Part& part) {
  if (node.capacity.cpu_milli <= 0) return 0;
  return static_cast<double>(demand.cpu_milli * part.tasks) /
         static_cast<double>(node.capacity.cpu_milli);
}

double gpu_share(const Part& part) { return part.gpus.count() * (part.gpus.milli / 1000.0); }

}  // namespace

double part_watts(const NodeSpec& node, const TaskDemand& demand, const Part& part) {
  return core_share(node, demand, part) * node.busy_watts + gpu_share(part) * node.gpu_busy_watts;
}

double part_idle_watts(const NodeSpec& node, const TaskDemand& demand, const Part& part) {
  return core_share(node, demand, part) * node.idle_watts + gpu_share(part) * node.gpu_idle_watts;
}

double node_idle_watts(const NodeSpec& node) {
  return node.idle_watts + node.gpus * node.gpu_idle_watts;
}

}  // namespace orrery
