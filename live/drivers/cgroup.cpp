#include "live/drivers/cgroup.hpp"

#include <algorithm>
#include <charconv>
#include <signal.h>
#include <sstream>

#include "actors/error.hpp"

namespace orrery::live {
namespace fs = std::filesystem;

namespace {

/// The kernel's usual period, and its longest, for quotas too small for the usual one: a quota is
/// at least 1 ms (min_cfs_quota_period of kernel/sched).
constexpr int64_t kPeriodUs = 100'000;
constexpr int64_t kLongPeriodUs = 1'000'000;
constexpr int64_t kLeastQuotaUs = 1'000;

/// From this on version 1 means "no limit": the largest number of whole pages.
constexpr int64_t kUnlimitedV1 = INT64_MAX - 65536;

struct Quota {
  int64_t quota_us = 0;
  int64_t period_us = kPeriodUs;
};

Quota quota_of(int64_t milli) {
  if (milli < 1) {
    throw InputError({"processor limit", 0, 0, "1 thousandth of a core or more",
                      std::to_string(milli), "leave it out for no limit"});
  }
  if (milli * kPeriodUs / 1000 >= kLeastQuotaUs) return {milli * kPeriodUs / 1000, kPeriodUs};
  return {milli * kLongPeriodUs / 1000, kLongPeriodUs};
}

std::optional<int64_t> milli_of(std::optional<int64_t> quota_us, std::optional<int64_t> period_us) {
  if (!quota_us || *quota_us < 0 || !period_us || *period_us <= 0) return std::nullopt;
  return *quota_us * 1000 / *period_us;
}

/// The value of "avg10=" or "total=" in the line of a pressure file that starts with `kind`.
double pressure_value(std::string_view text, std::string_view kind, std::string_view name) {
  const size_t line = text.find(kind);
  if (line == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(line, text.find('\n', line) - line);
  const size_t at = rest.find(name);
  if (at == std::string_view::npos) return 0;
  double value = 0;
  const char* first = rest.data() + at + name.size();
  std::from_chars(first, rest.data() + rest.size(), value);
  return value;
}

Duration microseconds(double us) { return {static_cast<int64_t>(us) * 1000}; }

}  // namespace

ControlFile& Cgroup::file(const fs::path& directory, const std::string& name) {
  fs::path path = directory / name;
  const auto found = files_.find(path);
  if (found != files_.end()) return found->second;
  return files_.emplace(path, ControlFile(path)).first->second;
}

const fs::path& Cgroup::with(const std::string& controller) {
  fs::path& directory = with_[controller];
  if (directory.empty()) directory = place_.with(controller);
  if (!directory.empty()) return directory;
  const auto all = place_.directories();
  const std::string where = all.empty() ? "no group at all" : all.front().string();
  throw EnvironmentError("cgroup " + where + ": has no controller " + controller +
                         "; mount it (version 1), or enable it in cgroup.subtree_control of the "
                         "group above (version 2)");
}

CgroupCpu Cgroup::cpu() {
  CgroupCpu result;
  if (is_v1("cpu")) {
    const std::string_view stat = file(with("cpu"), "cpu.stat").read();
    result.throttled = {number_of(stat, "throttled_time").value_or(0)};
    result.periods = number_of(stat, "nr_periods").value_or(0);
    result.throttled_periods = number_of(stat, "nr_throttled").value_or(0);
  }
  if (is_v1("cpuacct")) {
    result.used = {first_number(file(with("cpuacct"), "cpuacct.usage").read()).value_or(0)};
    return result;
  }
  // Version 2 counts processor time in each of its groups, also without the controller.
  if (place_.unified.empty()) with("cpu");
  const std::string_view stat = file(place_.unified, "cpu.stat").read();
  result.used = {number_of(stat, "usage_usec").value_or(0) * 1000};
  if (is_v1("cpu")) return result;
  result.throttled = {number_of(stat, "throttled_usec").value_or(0) * 1000};
  result.periods = number_of(stat, "nr_periods").value_or(0);
  result.throttled_periods = number_of(stat, "nr_throttled").value_or(0);
  return result;
}

CgroupMemory Cgroup::memory() {
  const fs::path& directory = with("memory");
  const bool v1 = is_v1("memory");
  CgroupMemory result;
  result.bytes =
      first_number(file(directory, v1 ? "memory.usage_in_bytes" : "memory.current").read())
          .value_or(0);
  // Page cache that has not been used for a while is the part that can go at no cost.
  const int64_t idle =
      number_of(file(directory, "memory.stat").read(), v1 ? "total_inactive_file" : "inactive_file")
          .value_or(0);
  result.used_bytes = std::max<int64_t>(0, result.bytes - idle);
  const std::string_view events =
      file(directory, v1 ? "memory.oom_control" : "memory.events").read();
  result.oom_kills = number_of(events, "oom_kill").value_or(0);
  return result;
}

std::optional<CgroupPressure> Cgroup::pressure(const std::string& resource) {
  if (place_.unified.empty()) return std::nullopt;
  std::string_view text;
  try {
    text = file(place_.unified, resource + ".pressure").read();
  } catch (const EnvironmentError&) {
    return std::nullopt;  // counting is off (psi=0), or not built in
  }
  CgroupPressure result;
  result.some_percent_10s = pressure_value(text, "some", "avg10=");
  result.full_percent_10s = pressure_value(text, "full", "avg10=");
  result.some = microseconds(pressure_value(text, "some", "total="));
  result.full = microseconds(pressure_value(text, "full", "total="));
  return result;
}

ContainerLimits Cgroup::limits() {
  ContainerLimits result;
  if (const fs::path cpu = place_.with("cpu"); !cpu.empty()) {
    if (is_v1("cpu")) {
      const auto quota = first_number(file(cpu, "cpu.cfs_quota_us").read());
      result.cpu_milli = milli_of(quota, first_number(file(cpu, "cpu.cfs_period_us").read()));
    } else {
      const std::string_view text = file(cpu, "cpu.max").read();
      const size_t blank = std::min(text.find(' '), text.size() - 1);
      result.cpu_milli = milli_of(first_number(text), first_number(text.substr(blank + 1)));
    }
  }
  if (const fs::path cpuset = place_.with("cpuset"); !cpuset.empty()) {
    result.cpuset = trimmed(file(cpuset, "cpuset.cpus").read());
  }
  if (const fs::path memory = place_.with("memory"); !memory.empty()) {
    result.memory_bytes =
        first_number(file(memory, is_v1("memory") ? "memory.limit_in_bytes" : "memory.max").read());
    if (result.memory_bytes && *result.memory_bytes >= kUnlimitedV1) result.memory_bytes.reset();
  }
  return result;
}

std::vector<pid_t> Cgroup::processes() {
  std::vector<pid_t> all;
  for (const fs::path& directory : place_.directories()) {
    // Opened anew: the kernel shows a list that is kept open as it was.
    std::istringstream text(std::string(ControlFile(directory / "cgroup.procs").read()));
    for (pid_t pid = 0; text >> pid;) {
      // 0 stands for a process that this one's pid namespace does not have.
      if (pid > 0) all.push_back(pid);
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

void Cgroup::set_cpu(std::optional<int64_t> milli) {
  const fs::path& directory = with("cpu");
  const Quota quota = milli ? quota_of(*milli) : Quota{-1, kPeriodUs};
  if (is_v1("cpu")) return set_cpu_v1(directory, quota.quota_us, quota.period_us);
  const std::string text = milli ? std::to_string(quota.quota_us) : "max";
  file(directory, "cpu.max").write(text + " " + std::to_string(quota.period_us));
}

void Cgroup::set_cpu_v1(const fs::path& directory, int64_t quota_us, int64_t period_us) {
  // Two files, each checked against the other and against the group above: without a quota any
  // period is right. Usually the period is as it was, and this is one write.
  ControlFile& period = file(directory, "cpu.cfs_period_us");
  ControlFile& quota = file(directory, "cpu.cfs_quota_us");
  if (quota_us >= 0 && first_number(period.read()) != period_us) {
    quota.write("-1");
    period.write(std::to_string(period_us));
  }
  quota.write(std::to_string(quota_us));
}

void Cgroup::set_cpuset(const std::string& cores) {
  const fs::path& directory = with("cpuset");
  if (!cores.empty()) return file(directory, "cpuset.cpus").write(cores);
  // Neither version lets a group with processes have an empty list.
  const char* above = is_v1("cpuset") ? "cpuset.cpus" : "cpuset.cpus.effective";
  file(directory, "cpuset.cpus").write(ControlFile(directory.parent_path() / above).read());
}

void Cgroup::set_memory(std::optional<int64_t> bytes) {
  const fs::path& directory = with("memory");
  if (is_v1("memory")) return set_memory_v1(directory, bytes.value_or(-1));
  file(directory, "memory.max").write(bytes ? std::to_string(*bytes) : "max");
  // Not there without swap accounting.
  if (!is_there(directory / "memory.swap.max")) return;
  file(directory, "memory.swap.max").write(bytes ? "0" : "max");
}

void Cgroup::set_memory_v1(const fs::path& directory, int64_t bytes) {
  const std::string text = std::to_string(bytes);
  ControlFile& memory = file(directory, "memory.limit_in_bytes");
  // Memory and swap together; not there without swap accounting.
  if (!is_there(directory / "memory.memsw.limit_in_bytes")) return memory.write(text);
  ControlFile& both = file(directory, "memory.memsw.limit_in_bytes");
  // The kernel keeps memory <= both at each single write: the larger goes first when it grows.
  const bool grows = bytes < 0 || first_number(both.read()).value_or(0) < bytes;
  if (grows) both.write(text);
  memory.write(text);
  if (!grows) both.write(text);
}

std::vector<std::string> Cgroup::set_limits(const ContainerLimits& limits) {
  std::vector<std::string> refused;
  const auto attempt = [&](const auto& deed) {
    try {
      deed();
    } catch (const EnvironmentError& error) {
      refused.push_back(error.what());
    }
  };
  ContainerLimits now;
  attempt([&] { now = this->limits(); });
  // Where there is no controller, no limit is what there is already.
  if (limits.cpu_milli != now.cpu_milli) attempt([&] { set_cpu(limits.cpu_milli); });
  if (limits.memory_bytes != now.memory_bytes) attempt([&] { set_memory(limits.memory_bytes); });
  const bool any_core = limits.cpuset.empty() && place_.with("cpuset").empty();
  if (limits.cpuset != now.cpuset && !any_core) attempt([&] { set_cpuset(limits.cpuset); });
  return refused;
}

void Cgroup::set_frozen(bool frozen) {
  const fs::path path = place_.freeze_file();
  if (path.empty()) with("freezer");
  const bool v1 = path.filename() == "freezer.state";
  file(path.parent_path(), path.filename().string())
      .write(v1 ? (frozen ? "FROZEN" : "THAWED") : (frozen ? "1" : "0"));
}

bool Cgroup::is_frozen() {
  const fs::path path = place_.freeze_file();
  if (path.empty()) return false;
  if (path.filename() == "freezer.state") {
    return file(path.parent_path(), "freezer.state").read().starts_with("FROZEN");
  }
  return number_of(file(path.parent_path(), "cgroup.events").read(), "frozen") == 1;
}

void Cgroup::kill() {
  if (const fs::path path = place_.kill_file(); !path.empty()) {
    file(path.parent_path(), "cgroup.kill").write("1");
  }
  for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
}

}  // namespace orrery::live
