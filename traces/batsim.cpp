#include "traces/batsim.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "traces/builder.hpp"
#include "traces/csv.hpp"
#include "traces/json.hpp"
#include "traces/scan.hpp"

namespace orrery::traces {

namespace {

using Type = JsonValue::Type;

/// Sequences within one another.
constexpr int kMostNested = 100;

enum class ProfileType : uint8_t { kDelay, kTask, kAlikeTasks, kAlikeShares, kSequence, kRefused };

struct TypeName {
  std::string_view name;
  ProfileType type;
  const char* why = "";  ///< it is refused
};

constexpr auto kTrace = "it replays a trace of its own, from another file";
constexpr auto kStorage =
    "it moves bytes to or from a storage, which takes as long as the platform has it";
constexpr auto kTalk = "it talks with Batsim's scheduler";

/// As versions 5, 4 and 3 name them.
constexpr std::array kTypes = {
    TypeName{"DelayProfile", ProfileType::kDelay},
    TypeName{"delay", ProfileType::kDelay},
    TypeName{"ParallelTaskProfile", ProfileType::kTask},
    TypeName{"ptask", ProfileType::kTask},
    TypeName{"parallel", ProfileType::kTask},
    TypeName{"msg_par", ProfileType::kTask},
    TypeName{"ParallelTaskHomogeneousProfile", ProfileType::kAlikeTasks},
    TypeName{"ptask_homogeneous", ProfileType::kAlikeTasks},
    TypeName{"parallel_homogeneous", ProfileType::kAlikeTasks},
    TypeName{"msg_par_hg", ProfileType::kAlikeTasks},
    TypeName{"parallel_homogeneous_total", ProfileType::kAlikeShares},
    TypeName{"msg_par_hg_tot", ProfileType::kAlikeShares},
    TypeName{"SequentialCompositionProfile", ProfileType::kSequence},
    TypeName{"sequential_composition", ProfileType::kSequence},
    TypeName{"composed", ProfileType::kSequence},
    TypeName{"TraceReplayProfile", ProfileType::kRefused, kTrace},
    TypeName{"trace_replay", ProfileType::kRefused, kTrace},
    TypeName{"smpi", ProfileType::kRefused, kTrace},
    TypeName{"usage_trace", ProfileType::kRefused, kTrace},
    TypeName{"ParallelTaskOnStorageHomogeneousProfile", ProfileType::kRefused, kStorage},
    TypeName{"ptask_on_storage_homogeneous", ProfileType::kRefused, kStorage},
    TypeName{"parallel_homogeneous_pfs", ProfileType::kRefused, kStorage},
    TypeName{"msg_par_hg_pfs", ProfileType::kRefused, kStorage},
    TypeName{"ParallelTaskDataStagingBetweenStoragesProfile", ProfileType::kRefused, kStorage},
    TypeName{"ptask_data_staging_between_storages", ProfileType::kRefused, kStorage},
    TypeName{"data_staging", ProfileType::kRefused, kStorage},
    TypeName{"send", ProfileType::kRefused, kTalk},
    TypeName{"recv", ProfileType::kRefused, kTalk},
};

/// How long profiles take.
class Profiles {
 public:
  Profiles(const JsonDocument& document, const JsonValue& profiles, double host_gflops)
      : document_(document), profiles_(profiles), flops_(host_gflops * 1e9) {
    for (size_t i = 0; i < profiles.keys.size(); ++i) index_.emplace(profiles.keys[i], i);
  }

  /// The profile that `name` names. Throws InputError at `name` where there is none.
  const JsonValue& find(const JsonValue& name) const {
    if (!name.is(Type::kText)) fail(name, "the name of a profile");
    const auto found = index_.find(name.text);
    if (found == index_.end()) fail(name, "the name of a profile of this file");
    const JsonValue& profile = profiles_.items[found->second];
    if (!profile.is(Type::kObject)) fail(profile, "an object for a profile");
    return profile;
  }

  /// Seconds that the profile takes on so many hosts. Throws InputError where that is not known;
  /// `asked` is the name of the profile in a job or a sequence.
  double seconds(const JsonValue& asked, uint32_t hosts, int nested = 0) {
    const JsonValue& profile = find(asked);
    const auto [place, fresh] = known_.try_emplace({profile.at, hosts}, kBeingFound);
    if (!fresh && place->second != kBeingFound) return place->second;
    if (!fresh || nested == kMostNested) {
      known_.erase({profile.at, hosts});
      fail(asked, "profiles that end", "one that has itself as a part, or is nested too deep");
    }
    double seconds = 0;
    try {
      seconds = find_seconds(asked, profile, hosts, nested);
    } catch (const InputError&) {
      known_.erase({profile.at, hosts});
      throw;
    }
    return known_[{profile.at, hosts}] = seconds;
  }

 private:
  static constexpr double kBeingFound = -1;

  [[noreturn]] void fail(const JsonValue& at, std::string expected, std::string found = "") const {
    document_.fail(at, std::move(expected), found.empty() ? document_.shown(at) : std::move(found));
  }

  [[noreturn]] void refuse(const JsonValue& asked, const JsonValue& type, const char* why) const {
    document_.fail(asked, "a profile whose run time is known",
                   quoted(std::string_view(asked.text)) + " of the type " +
                       quoted(std::string_view(type.text)) + ": " + why);
  }

  const JsonValue& member(const JsonValue& profile, const char* key) const {
    const JsonValue* found = profile.find(key);
    if (found == nullptr) fail(profile, std::string("the key ") + key, "a profile without");
    return *found;
  }

  double number(const JsonValue& value, const char* what) const {
    if (!value.is(Type::kNumber) || !(value.number >= 0) || !std::isfinite(value.number)) {
      fail(value, std::string("a number, 0 or more, for ") + what);
    }
    return value.number;
  }

  double find_seconds(const JsonValue& asked, const JsonValue& profile, uint32_t hosts,
                      int nested) {
    const JsonValue& type = member(profile, "type");
    if (!type.is(Type::kText)) fail(type, "the name of a type of profiles");
    const auto* const known = std::find_if(
        kTypes.begin(), kTypes.end(), [&](const auto& each) { return each.name == type.text; });
    if (known == kTypes.end()) refuse(asked, type, "the type is not known here");
    switch (known->type) {
      case ProfileType::kDelay: return number(member(profile, "delay"), "delay");
      case ProfileType::kTask: return task(asked, type, profile, hosts);
      case ProfileType::kAlikeTasks:
        return alike(asked, type, profile, hosts, spreads(profile) ? hosts : 1);
      case ProfileType::kAlikeShares: return alike(asked, type, profile, hosts, hosts);
      case ProfileType::kSequence: return sequence(profile, hosts, nested);
      case ProfileType::kRefused: break;
    }
    refuse(asked, type, known->why);
  }

  /// True where the amounts are those of all hosts together.
  bool spreads(const JsonValue& profile) const {
    const JsonValue* strategy = profile.find("generation_strategy");
    if (strategy == nullptr) return false;
    for (const auto* name : {"defined_amount_spread_uniformly", "DefinedAmountsSpreadUniformly"}) {
      if (strategy->text == name) return true;
    }
    for (const auto* name :
         {"defined_amount_used_for_each_value", "DefinedAmountsUsedForEachValue"}) {
      if (strategy->text == name) return false;
    }
    fail(*strategy, "DefinedAmountsUsedForEachValue or DefinedAmountsSpreadUniformly");
  }

  double compute(const JsonValue& asked, const JsonValue& type, double operations) const {
    if (operations == 0) return 0;
    if (flops_ > 0) return operations / flops_;
    refuse(asked, type,
           "it computes, which takes as long as hosts are slow; --host-gflops (host_gflops in a "
           "scenario) tells their speed");
  }

  static constexpr auto kSends =
      "it sends bytes, which takes as long as the platform's network has it";

  double alike(const JsonValue& asked, const JsonValue& type, const JsonValue& profile,
               uint32_t hosts, uint32_t shares) const {
    const JsonValue* cpu = profile.find("cpu");
    const JsonValue* com = profile.find("com");
    const double operations = cpu == nullptr ? 0 : number(*cpu, "cpu");
    const double bytes = com == nullptr ? 0 : number(*com, "com");
    if (bytes > 0 && hosts > 1) refuse(asked, type, kSends);
    return compute(asked, type, operations / shares);
  }

  /// The largest of a list of amounts; `size` of them are due.
  double most(const JsonValue* list, size_t size, const char* what) const {
    if (list == nullptr) return 0;
    if (!list->is(Type::kList) || list->items.size() != size) {
      fail(*list, "a list of " + std::to_string(size) + " numbers for " + what,
           list->is(Type::kList) ? std::to_string(list->items.size()) : "");
    }
    double most = 0;
    for (const JsonValue& item : list->items) most = std::max(most, number(item, what));
    return most;
  }

  double task(const JsonValue& asked, const JsonValue& type, const JsonValue& profile,
              uint32_t hosts) const {
    if (most(profile.find("com"), size_t{hosts} * hosts, "com") > 0) refuse(asked, type, kSends);
    return compute(asked, type, most(profile.find("cpu"), hosts, "cpu"));
  }

  double sequence(const JsonValue& profile, uint32_t hosts, int nested) {
    const JsonValue& parts = member(profile, "seq");
    const JsonValue* repeat = profile.find("repeat");
    if (repeat == nullptr) repeat = profile.find("nb");  // before version 3
    if (!parts.is(Type::kList) || parts.items.empty()) fail(parts, "a list of names for seq");
    if (repeat != nullptr && (!repeat->is_whole() || repeat->number < 1)) {
      fail(*repeat, "a whole number from 1 for repeat");
    }
    double once = 0;
    for (const JsonValue& part : parts.items) once += seconds(part, hosts, nested + 1);
    return repeat == nullptr ? once : once * repeat->number;
  }

  const JsonDocument& document_;
  const JsonValue& profiles_;
  double flops_;
  std::unordered_map<std::string, size_t> index_;
  std::map<std::pair<size_t, uint32_t>, double> known_;  ///< by place of the profile and hosts
};

class BatsimReader {
 public:
  BatsimReader(const JsonDocument& document, const ReadOptions& options, ReadReport& report)
      : document_(document),
        report_(report),
        skip_(options.skip_errors),
        jobs_(section("jobs", Type::kList, "a list")),
        profiles_(document, section("profiles", Type::kObject, "an object"), options.host_gflops) {}

  Workload read() {
    take_machine();
    reserve(workload_, jobs_.items.size());
    for (const JsonValue& job : jobs_.items) {
      ++report_.rows;
      try {
        take_job(job);
      } catch (const InputError& error) {
        swallow_or_throw(error);
      }
    }
    finish(workload_, document_.name(), oddities_, report_);
    return std::move(workload_);
  }

 private:
  const JsonValue& section(const char* key, Type type, const char* what) const {
    const JsonValue& root = document_.root();
    if (!root.is(Type::kObject)) {
      document_.fail(root, "an object with jobs and profiles", document_.shown(root));
    }
    const JsonValue* found = root.find(key);
    if (found == nullptr) {
      document_.fail(root, std::string("an object with the key ") + key, "one without");
    }
    if (!found->is(type)) {
      document_.fail(*found, std::string(what) + " for " + key, document_.shown(*found));
    }
    return *found;
  }

  void swallow_or_throw(const InputError& error) {
    if (!skip_) {
      InputError::Details details = error.details();
      if (details.hint.empty()) details.hint = "--on-error=skip leaves such jobs out";
      throw InputError(std::move(details));
    }
    if (++report_.skipped <= kKeptMessages) {
      report_.oddities.push_back(std::string("skipped ") + error.what());
    }
  }

  /// How many resources the workload was made for.
  void take_machine() {
    const JsonValue* size = document_.root().find("nb_res");
    if (size == nullptr) return;
    if (!size->is_whole() || size->number < 1 || size->number > limits::kNodes) {
      document_.fail(*size, "a whole number from 1 to " + std::to_string(limits::kNodes),
                     document_.shown(*size));
    }
    workload_.machine_nodes = workload_.machine_processors = static_cast<uint32_t>(size->number);
  }

  const JsonValue& member(const JsonValue& job, const char* key) const {
    const JsonValue* found = job.find(key);
    if (found == nullptr) {
      document_.fail(job, std::string("a job with the key ") + key, "one without");
    }
    return *found;
  }

  int64_t nanoseconds(double seconds, const JsonValue& at, const char* what) const {
    if (!(seconds >= 0 && seconds <= static_cast<double>(kMaxSeconds))) {
      document_.fail(
          at, "seconds from 0 to " + std::to_string(kMaxSeconds) + std::string(" for ") + what,
          document_.shown(at));
    }
    return std::llround(seconds * 1e9);
  }

  int64_t given_time(const JsonValue& value, const char* what) const {
    return nanoseconds(value.is(Type::kNumber) ? value.number : -1, value, what);
  }

  void take_job(const JsonValue& job) {
    if (!job.is(Type::kObject)) {
      document_.fail(job, "an object for a job", document_.shown(job));
    }
    JobSpec spec;
    JobTruth truth;
    const JsonValue& id = member(job, "id");
    take_name(id, spec);
    spec.submit.ns = given_time(member(job, "subtime"), "subtime");
    const JsonValue& size = member(job, "res");
    if (!size.is_whole() || size.number < 0 || size.number > limits::kTasksPerJob) {
      document_.fail(
          size, "a whole number from 0 to " + std::to_string(limits::kTasksPerJob) + " for res",
          document_.shown(size));
    }
    take_walltime(job, spec);
    if (size.number == 0) {
      ++report_.left_out;
      oddities_.count("jobs without resources were left out");
      return;
    }
    spec.tasks = spec.min_tasks = spec.max_tasks = static_cast<uint32_t>(size.number);
    const JsonValue& profile = member(job, "profile");
    const double seconds = profiles_.seconds(profile, spec.tasks);
    truth.run_time.ns = nanoseconds(seconds, profile, "the run time of a profile");
    const JsonValue* code = profiles_.find(profile).find("ret");
    if (code != nullptr && code->number != 0) truth.end = TraceEnd::kFailed;
    if (!names_.insert(spec.name).second) {
      document_.fail(id, "an id that no earlier job has", document_.shown(id));
    }
    workload_.specs.push_back(std::move(spec));
    workload_.truths.push_back(truth);
  }

  void take_name(const JsonValue& id, JobSpec& spec) const {
    if (id.is(Type::kText)) spec.name = id.text;
    if (id.is_whole()) spec.name = std::to_string(static_cast<int64_t>(id.number));
    if (!is_good_job_name(spec.name)) {
      document_.fail(id, "a whole number or 1 to 255 printable bytes without ';' for id",
                     document_.shown(id));
    }
  }

  /// -1: none.
  void take_walltime(const JsonValue& job, JobSpec& spec) const {
    const JsonValue* walltime = job.find("walltime");
    if (walltime == nullptr || (walltime->is(Type::kNumber) && walltime->number == -1)) return;
    const int64_t ns = given_time(*walltime, "walltime");
    if (ns == 0) document_.fail(*walltime, "a walltime above 0, or -1", document_.shown(*walltime));
    spec.requested_time.ns = ns;
  }

  const JsonDocument& document_;
  ReadReport& report_;
  bool skip_;
  const JsonValue& jobs_;
  Profiles profiles_;
  Oddities oddities_;
  Workload workload_;
  std::unordered_set<std::string> names_;
};

}  // namespace

Workload read_batsim(ByteSource& source, const std::string& name, const ReadOptions& options,
                     ReadReport& report) {
  const std::string text = read_whole(source, name);
  report.bytes = text.size();
  const JsonDocument document(text, name);
  return BatsimReader(document, options, report).read();
}

}  // namespace orrery::traces
