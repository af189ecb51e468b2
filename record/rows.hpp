// Rows: what the recorder keeps of each job and of each stretch of time that a job ran.
//
// These are the only things that grow with the number of jobs: about 100 bytes a job that ran once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "actors/workload.hpp"
#include "record/node_list.hpp"

namespace orrery::record {

inline constexpr uint32_t kNone = UINT32_MAX;

enum class JobPhase : uint8_t { kUnseen, kPending, kRunning, kEnded };

struct JobRow {
  Instant first_start = Instant::never();
  Instant last_start = Instant::never();
  Instant end = Instant::never();
  Duration held{};
  uint32_t attempts = 0;
  uint32_t preemptions = 0;
  uint32_t resizes = 0;
  int32_t exit_code = 0;
  uint32_t last_piece = kNone;
  JobPhase phase = JobPhase::kUnseen;
  FinalState state = FinalState::kUnfinished;
  ReasonCode wait_reason = ReasonCode::kNone;   ///< the last one for waiting
  ReasonCode start_reason = ReasonCode::kNone;  ///< the last one for starting
};

/// A stretch of time in which an attempt held the same nodes; a resize begins another.
struct Piece {
  Instant start;
  Instant end;
  uint32_t job = kNone;
  uint32_t previous = kNone;  ///< piece of the same job
  uint64_t nodes = 0;         ///< where its node list begins in Rows::nodes
};

struct Rows {
  std::shared_ptr<const ClusterSpec> cluster;
  std::shared_ptr<const Workload> workload;
  std::vector<JobRow> jobs;           ///< by JobId
  std::vector<double> energy_joules;  ///< by JobId; empty where the cluster states no power
  std::vector<Piece> pieces;          ///< in order of their start; none when no files are written
  Bytes nodes;                        ///< node lists, see put_node_list
  double fragmented_gpu = 0;          ///< a GPU in units of Timeline::kFragmented; 0: not counted
};

}  // namespace orrery::record
