// openb: pods and nodes of an Alibaba cluster that shares GPUs.
//
// Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
// Fragmentation Gradient Descent", USENIX ATC 2023; lists in alibaba/clusterdata,
// cluster-trace-gpu-v2023.
#pragma once

#include "actors/cluster.hpp"
#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// How long a pod stays whose list has no times: longer than any list takes to arrive.
inline constexpr Duration kOpenbStay = Duration::seconds(365 * 24 * 3600);

/// A pod is a job of one task.
Workload read_openb_pods(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                         ReadReport& report);

ClusterSpec read_openb_node_lines(LineReader& lines, const ReadOptions& options,
                                  ReadReport& report);

/// Memory of one GPU of that model in MiB; 0 where the lists' name does not tell.
int32_t gpu_memory_mib_of(std::string_view model);

/// Makes `workload` speak of the GPU types of `cluster`: types that the cluster lacks are added to
/// its list (no node has them), and every mask is rewritten. Throws InputError past the limit on
/// types.
void align_gpu_types(Workload& workload, ClusterSpec& cluster);

}  // namespace orrery::traces
