// The names that fields have on the wire: one table a struct, for ever.
//
// Fields travel under their names, not under numbers as in protobuf. A number saves two thirds of
// the bytes, which a cluster's control traffic does not need; a name makes every captured frame
// readable with any msgpack tool, and a peer can be written from the frame alone. What keeps the
// names stable is that they stand here and not in the structs: renaming a C++ member changes
// nothing on the wire, and a test compares this table with docs/wire.md.
//
// The rule for change: a name is never given another meaning. A new field is `may`, so that older
// peers, which do not send it, are understood; a field that must not be missing any more, or one
// that goes, is another major version (frames.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <variant>

#include "actors/job.hpp"
#include "actors/messages.hpp"

namespace orrery::live {

struct FieldName {
  std::string_view name;
  bool required = true;  ///< else the member keeps the value that its struct gives it
};
constexpr FieldName must(std::string_view name) { return {name, true}; }
constexpr FieldName may(std::string_view name) { return {name, false}; }

/// `kMembers`, pointers to members, and `kNames`, what they are called, in the same order.
template <class T>
struct Schema;

template <>
struct Schema<SubmitJob> {
  static constexpr auto kMembers = SubmitJob::kFields;
  static constexpr std::array kNames{must("spec")};
};
template <>
struct Schema<CancelJob> {
  static constexpr auto kMembers = CancelJob::kFields;
  static constexpr std::array kNames{must("job")};
};
template <>
struct Schema<StartTask> {
  static constexpr auto kMembers = StartTask::kFields;
  static constexpr std::array kNames{must("spec"),  must("epoch"), must("part"), must("parts"),
                                     must("tasks"), must("boot"),  may("gpus")};
};
template <>
struct Schema<StopTask> {
  static constexpr auto kMembers = StopTask::kFields;
  static constexpr std::array kNames{must("job"), must("epoch"), must("part"), must("mode")};
};
template <>
struct Schema<TaskStarted> {
  static constexpr auto kMembers = TaskStarted::kFields;
  static constexpr std::array kNames{must("job"), must("epoch"), must("part")};
};
template <>
struct Schema<TaskEnded> {
  static constexpr auto kMembers = TaskEnded::kFields;
  static constexpr std::array kNames{must("job"), must("epoch"), must("part"), must("cause"),
                                     may("exit_code")};
};
template <>
struct Schema<EndSeen> {
  static constexpr auto kMembers = EndSeen::kFields;
  static constexpr std::array kNames{must("job"), must("epoch"), must("part")};
};
template <>
struct Schema<NodeLost> {
  static constexpr auto kMembers = NodeLost::kFields;
  static constexpr std::array kNames{must("node")};
};
template <>
struct Schema<NodeReady> {
  static constexpr auto kMembers = NodeReady::kFields;
  static constexpr std::array kNames{must("node"), must("boot")};
};
template <>
struct Schema<Welcome> {
  static constexpr auto kMembers = Welcome::kFields;
  static constexpr std::array kNames{must("node")};
};

template <>
struct Schema<NodeSilent> {
  static constexpr auto kMembers = NodeSilent::kFields;
  static constexpr std::array kNames{must("node")};
};
template <>
struct Schema<DrainNode> {
  static constexpr auto kMembers = DrainNode::kFields;
  static constexpr std::array kNames{must("node"), may("drained")};
};
template <>
struct Schema<TaskFound> {
  static constexpr auto kMembers = TaskFound::kFields;
  static constexpr std::array kNames{must("job"), must("epoch"), must("part")};
};
template <>
struct Schema<CheckTask> {
  static constexpr auto kMembers = CheckTask::kFields;
  static constexpr std::array kNames{must("job"), must("epoch"), must("part")};
};

template <>
struct Schema<GpuSet> {
  static constexpr auto kMembers = std::tuple{&GpuSet::mask, &GpuSet::milli};
  static constexpr std::array kNames{must("mask"), may("milli")};
};
template <>
struct Schema<TaskDemand> {
  static constexpr auto kMembers =
      std::tuple{&TaskDemand::cpu_milli, &TaskDemand::memory_mib,     &TaskDemand::gpus,
                 &TaskDemand::gpu_milli, &TaskDemand::gpu_memory_mib, &TaskDemand::gpu_types};
  static constexpr std::array kNames{may("cpu_milli"), may("memory_mib"),     may("gpus"),
                                     may("gpu_milli"), may("gpu_memory_mib"), may("gpu_types")};
};
template <>
struct Schema<Launch> {
  static constexpr auto kMembers =
      std::tuple{&Launch::command, &Launch::image, &Launch::environment, &Launch::directory};
  static constexpr std::array kNames{must("command"), may("image"), may("environment"),
                                     may("directory")};
};
/// `min_tasks` and `max_tasks` are `tasks` where they are missing.
template <>
struct Schema<JobSpec> {
  static constexpr auto kMembers =
      std::tuple{&JobSpec::id,          &JobSpec::name,       &JobSpec::submit,
                 &JobSpec::tasks,       &JobSpec::min_tasks,  &JobSpec::max_tasks,
                 &JobSpec::flexibility, &JobSpec::each,       &JobSpec::requested_time,
                 &JobSpec::priority,    &JobSpec::user,       &JobSpec::group,
                 &JobSpec::queue,       &JobSpec::think_time, &JobSpec::after,
                 &JobSpec::launch,      &JobSpec::deadline,   &JobSpec::kind};
  static constexpr std::array kNames{
      may("id"),        may("name"),        may("submit_ns"), must("tasks"),       may("min_tasks"),
      may("max_tasks"), may("flexibility"), may("each"),      may("requested_ns"), may("priority"),
      may("user"),      may("group"),       may("queue"),     may("think_ns"),     may("after"),
      may("launch"),    may("deadline_ns"), may("kind")};
  static constexpr size_t kMinTasks = 4;  ///< places in the tables above
  static constexpr size_t kMaxTasks = 5;
};

/// The words for the values of an enumeration, in their order.
template <class Enum>
struct EnumWords;
template <>
struct EnumWords<StopMode> {
  static constexpr std::array<std::string_view, 6> kWords{"kill",       "cancel",  "time-limit",
                                                          "checkpoint", "suspend", "shrink"};
  static constexpr StopMode kLast = StopMode::kShrink;
};
template <>
struct EnumWords<ExitCause> {
  static constexpr std::array<std::string_view, 6> kWords{"done",      "failed",  "stopped",
                                                          "suspended", "crashed", "node-lost"};
  static constexpr ExitCause kLast = ExitCause::kNodeLost;
};
template <>
struct EnumWords<Flexibility> {
  static constexpr std::array<std::string_view, 4> kWords{"rigid", "moldable", "malleable",
                                                          "evolving"};
  static constexpr Flexibility kLast = Flexibility::kEvolving;
};

/// Every member has a name, and at most as many as the decoder's set of seen fields holds.
template <class T>
constexpr bool schema_is_whole() {
  constexpr size_t kCount = std::tuple_size_v<std::remove_cvref_t<decltype(Schema<T>::kMembers)>>;
  return kCount == Schema<T>::kNames.size() && kCount <= 32;
}
template <class... M>
constexpr bool all_schemas_are_whole(const std::variant<M...>* /*unused*/) {
  return (schema_is_whole<M>() && ...);
}
static_assert(all_schemas_are_whole(static_cast<const Message*>(nullptr)));
static_assert(schema_is_whole<GpuSet>() && schema_is_whole<TaskDemand>());
static_assert(schema_is_whole<JobSpec>() && schema_is_whole<Launch>());
static_assert(Schema<JobSpec>::kNames[Schema<JobSpec>::kMinTasks].name == "min_tasks");
static_assert(Schema<JobSpec>::kNames[Schema<JobSpec>::kMaxTasks].name == "max_tasks");

template <class Enum>
constexpr bool words_are_whole() {
  return EnumWords<Enum>::kWords.size() == static_cast<size_t>(EnumWords<Enum>::kLast) + 1;
}
static_assert(words_are_whole<StopMode>() && words_are_whole<ExitCause>());
static_assert(words_are_whole<Flexibility>());

}  // namespace orrery::live
