// DecisionLog: decisions.csv, written while the run goes on so that its memory is bounded.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/notes.hpp"
#include "actors/workload.hpp"
#include "record/output_file.hpp"

namespace orrery::record {

/// "start", "wait", "preempt", "resize", "kill", "reject", "requeue".
const char* name_of(DecisionKind kind);

class DecisionLog {
 public:
  DecisionLog(const std::filesystem::path& file, std::shared_ptr<const ClusterSpec> cluster,
              std::shared_ptr<const Workload> workload);

  void add(Instant at, const Decision& decision) {
    if (pending_.size() == kPendingRows) write_pending();
    pending_.push_back({at, decision.reason.a, decision.reason.b, decision.spec->id.index,
                        decision.epoch, decision.tasks, decision.nodes, decision.kind,
                        decision.reason.code});
  }
  void commit();

 private:
  // As many rows are formatted at a time; they take 0.4 MB.
  static constexpr size_t kPendingRows = 4096;

  struct Row {
    Instant at;
    int64_t a;
    int64_t b;
    uint32_t job;
    Epoch epoch;
    uint32_t tasks;
    uint32_t nodes;
    DecisionKind kind;
    ReasonCode code;
  };
  // A reason's sentence cut where its numbers stand: text, number, text, number, text.
  struct Sentence {
    std::array<std::string, 3> text;
    std::array<char, 2> number{};  // 'a' or 'b'; 0: none
  };

  void write_pending();
  void write_row(const Row& row);
  char* put_sentence(char* at, const Row& row) const;
  const Sentence& sentence_of(ReasonCode code) const {
    return sentences_[static_cast<size_t>(code)];
  }

  OutputFile out_;
  std::shared_ptr<const ClusterSpec> cluster_;
  std::shared_ptr<const Workload> workload_;
  std::vector<Sentence> sentences_;  // by ReasonCode
  std::vector<Row> pending_;
  size_t name_room_;  // the longest name of a job or node, as a CSV field
};

}  // namespace orrery::record
