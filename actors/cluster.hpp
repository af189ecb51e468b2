// ClusterSpec: the nodes of a cluster, what each has and what power it draws.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/resources.hpp"

namespace orrery {

struct NodeSpec {
  std::string name;
  Capacity capacity;
  uint32_t gpus = 0;          ///< how many GPUs; capacity.gpu_milli[0..gpus) are 1000
  uint32_t gpu_type = 0;      ///< index into ClusterSpec::gpu_types; meaningless without GPUs
  uint32_t rack = 0;          ///< nodes of one rack are near one another
  double idle_watts = 0;      ///< drawn by a node that is up and runs nothing
  double busy_watts = 0;      ///< drawn with all of its cores in use
  double gpu_idle_watts = 0;  ///< a GPU, on top of the node
  double gpu_busy_watts = 0;
};

struct ClusterSpec {
  std::vector<NodeSpec> nodes;
  std::vector<std::string> gpu_types;

  size_t size() const { return nodes.size(); }
};

/// The share of the node's power in watts that `part` of a job with `demand` answers for: its
/// fraction of the cores at the busy rate plus its fraction of the GPUs at theirs.
double part_watts(const NodeSpec& node, const TaskDemand& demand, const Part& part);
/// The part of `part_watts` that the node would draw idle too.
double part_idle_watts(const NodeSpec& node, const TaskDemand& demand, const Part& part);
/// What an idle node draws, GPUs included, in watts.
double node_idle_watts(const NodeSpec& node);

}  // namespace orrery
