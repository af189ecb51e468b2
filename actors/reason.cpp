#include "actors/reason.hpp"

#include <array>

namespace orrery {

namespace {

struct Words {
  ReasonCode code;
  const char* name;
  const char* sentence;  // {a} and {b} stand for the numbers
  const char* change;
};

constexpr std::array kWords{
    Words{ReasonCode::kNone, "none", "no reason given", ""},
    Words{ReasonCode::kFirstInOrder, "first-in-order", "first in order, and it fits", ""},
    Words{ReasonCode::kBackfilled, "backfilled",
          "fits now and delays no reservation; the next reserved start is in {a} s", ""},
    Words{ReasonCode::kHigherPriority, "higher-priority",
          "comes first under the order; {a} running jobs made way", ""},
    Words{ReasonCode::kNotEnoughFree, "not-enough-free", "needs {a} tasks placed, {b} fit now",
          "a release of resources"},
    Words{ReasonCode::kBehindHead, "behind-head", "waits behind job {a}",
          "the start or cancellation of the job ahead"},
    Words{ReasonCode::kWouldDelay, "would-delay",
          "would delay the start of job {a} reserved in {b} s", "an earlier end of a running job"},
    Words{ReasonCode::kReserved, "reserved", "reserved to start in {a} s",
          "the reserved instant, or an earlier end of a running job"},
    Words{ReasonCode::kDependency, "dependency", "job {a} must end first", "the end of that job"},
    Words{ReasonCode::kThinkTime, "think-time", "may start in {a} s at the earliest",
          "the passing of time"},
    Words{ReasonCode::kLowerPriority, "lower-priority", "others come first under the order",
          "a change of order or a release of resources"},
    Words{ReasonCode::kRequestedTimeOver, "requested-time-over",
          "ran for its requested {a} s and was stopped", ""},
    Words{ReasonCode::kCancelledByUser, "cancelled-by-user", "cancelled by its user", ""},
    Words{ReasonCode::kPreempted, "preempted", "made way for job {a}", "a release of resources"},
    Words{ReasonCode::kNodeLost, "node-lost", "node {a} was lost", "a release of resources"},
    Words{ReasonCode::kContainerCrashed, "container-crashed", "its container on node {a} crashed",
          "a release of resources"},
    Words{ReasonCode::kTooLarge, "too-large", "needs {a} tasks placed, an empty cluster holds {b}",
          ""},
    Words{ReasonCode::kInvalidStep, "invalid-step",
          "the policy asked for what cannot be (fault {a})", "a correct policy"},
    Words{ReasonCode::kTooManyFailures, "too-many-failures", "given up after {a} attempts", ""},
};

constexpr bool in_order() {
  for (size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<size_t>(kWords[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order(), "kWords has one row a code, in the order of the enum");

const Words& words(ReasonCode code) { return kWords[static_cast<size_t>(code)]; }

}  // namespace

const char* name_of(ReasonCode code) { return words(code).name; }

std::string sentence(const Reason& reason) {
  std::string text = words(reason.code).sentence;
  auto fill = [&](const char* slot, int64_t value) {
    if (size_t at = text.find(slot); at != std::string::npos) {
      text.replace(at, 3, std::to_string(value));
    }
  };
  fill("{a}", reason.a);
  fill("{b}", reason.b);
  return text;
}

const char* what_would_change(ReasonCode code) { return words(code).change; }

}  // namespace orrery
