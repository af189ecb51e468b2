// Helios: job logs of SenseTime's GPU clusters Earth, Saturn, Uranus and Venus.
//
// Source: Hu et al., "Characterization and Prediction of Deep Learning Workloads in Large-Scale GPU
// Datacenters", SC 2021; the README of S-Lab-System-Group/HeliosData for cluster_log.csv: job_id,
// user, vc, gpu_num, cpu_num, node_num, state, submit_time, start_time, end_time, duration, queue.
#pragma once

#include "actors/workload.hpp"
#include "traces/input.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// A job is a task on each of its nodes, with an equal part of its GPUs and cores. Where the GPUs
/// cannot be parted so, it is a task a GPU.
Workload read_helios(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
                     ReadReport& report);

}  // namespace orrery::traces
