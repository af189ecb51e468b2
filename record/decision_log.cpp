#include "record/decision_log.hpp"

#include <algorithm>

#include "actors/reason.hpp"

namespace orrery::record {

namespace {

constexpr size_t kReasonCodes = static_cast<size_t>(ReasonCode::kTooManyFailures) + 1;

constexpr const char* kKindNames[] = {"start", "wait",   "preempt", "resize",
                                      "kill",  "reject", "requeue"};

// Numbers that no sentence has in its words, to find where {a} and {b} stand.
constexpr int64_t kMarkA = 7'770'000'000'000'001;
constexpr int64_t kMarkB = 7'770'000'000'000'002;

// What the first number of a reason names; the second one names nothing.
enum class Names { kNothing, kJob, kNode };

Names first_number_of(ReasonCode code) {
  switch (code) {
    case ReasonCode::kBehindHead:
    case ReasonCode::kWouldDelay:
    case ReasonCode::kDependency:
    case ReasonCode::kLowerPriority:
    case ReasonCode::kPreempted: return Names::kJob;
    case ReasonCode::kNodeLost:
    case ReasonCode::kContainerCrashed: return Names::kNode;
    default: return Names::kNothing;
  }
}

size_t longest_name(const ClusterSpec& cluster, const Workload& workload) {
  size_t longest = kNumberRoom;
  for (const JobSpec& spec : workload.specs) longest = std::max(longest, spec.name.size());
  for (const NodeSpec& node : cluster.nodes) longest = std::max(longest, node.name.size());
  return longest;
}

}  // namespace

const char* name_of(DecisionKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

DecisionLog::DecisionLog(const std::filesystem::path& file,
                         std::shared_ptr<const ClusterSpec> cluster,
                         std::shared_ptr<const Workload> workload)
    : out_(file), cluster_(std::move(cluster)), workload_(std::move(workload)) {
  name_room_ = 2 * longest_name(*cluster_, *workload_) + 2;
  pending_.reserve(std::min(kPendingRows, 4 * workload_->size()));
  for (size_t code = 0; code < kReasonCodes; ++code) {
    std::string words = sentence({static_cast<ReasonCode>(code), kMarkA, kMarkB});
    Sentence cut;
    size_t slot = 0;
    for (auto [mark, letter] : {std::pair{kMarkA, 'a'}, std::pair{kMarkB, 'b'}}) {
      std::string digits = std::to_string(mark);
      size_t at = words.find(digits);
      if (at == std::string::npos) continue;
      cut.text[slot] = words.substr(0, at);
      cut.number[slot++] = letter;
      words.erase(0, at + digits.size());
    }
    cut.text[slot] = words;
    sentences_.push_back(std::move(cut));
  }
  out_.write("time_s,job_id,decision,reason,attempt,tasks,nodes,a,b,sentence\n");
}

char* DecisionLog::put_sentence(char* at, const Row& row) const {
  const Sentence& words = sentence_of(row.code);
  for (size_t i = 0; i < words.text.size(); ++i) {
    at = put(at, words.text[i]);
    if (i == words.number.size() || words.number[i] == 0) break;
    int64_t value = words.number[i] == 'a' ? row.a : row.b;
    Names names = words.number[i] == 'a' ? first_number_of(row.code) : Names::kNothing;
    auto index = static_cast<size_t>(value);
    if (names == Names::kJob && index < workload_->size()) {
      at = put(at, workload_->specs[index].name);
    } else if (names == Names::kNode && index < cluster_->size()) {
      at = put(at, cluster_->nodes[index].name);
    } else {
      at = put_int(at, value);
    }
  }
  return at;
}

void DecisionLog::write_row(const Row& row) {
  constexpr size_t kWordsRoom = 512;
  char* at = out_.room(2 * name_room_ + 16 * kNumberRoom + kWordsRoom);
  at = put_seconds(at, row.at.ns);
  *at++ = ',';
  at = put_field(at, workload_->specs[row.job].name);
  *at++ = ',';
  at = put(at, name_of(row.kind));
  *at++ = ',';
  at = put(at, orrery::name_of(row.code));
  for (int64_t value : {int64_t{row.epoch}, int64_t{row.tasks}, int64_t{row.nodes}, row.a, row.b}) {
    *at++ = ',';
    at = put_int(at, value);
  }
  *at++ = ',';
  // In quotes always: sentences hold commas. A name inside them may hold quotes, which is rare
  // enough to be put right afterwards.
  *at++ = '"';
  char* begin = at;
  at = put_sentence(at, row);
  if (std::find(begin, at, '"') != at) {
    std::string words(begin, at);
    at = put_field(begin - 1, words);
  } else {
    *at++ = '"';
  }
  *at++ = '\n';
  out_.wrote(at);
}

void DecisionLog::write_pending() {
  for (const Row& row : pending_) write_row(row);
  pending_.clear();
}

void DecisionLog::commit() {
  write_pending();
  out_.commit();
}

}  // namespace orrery::record
