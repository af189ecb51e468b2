#include "tests/engine/engines.hpp"

#include <atomic>
#include <fstream>
#include <unistd.h>

namespace orrery::live::testing_support {
namespace {

namespace fs = std::filesystem;

/// Values as large as no machine's memory are the kernel's way to say "no limit" in version 1.
constexpr int64_t kNoLimit = int64_t{1} << 60;

/// The directory of a process in a hierarchy, from /proc/PID/cgroup.
fs::path cgroup_of(int64_t pid, const std::string& controller) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (controllers.find("," + controller + ",") != std::string::npos) {
      return fs::path("/sys/fs/cgroup") / controller / path.substr(1);
    }
    if (controllers == ",," && fs::exists("/sys/fs/cgroup/cgroup.controllers")) {
      return fs::path("/sys/fs/cgroup") / path.substr(1);
    }
  }
  return {};
}

std::string first_word(const fs::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

std::optional<int64_t> number(const std::string& word) {
  if (word.empty() || word == "max" || word == "-1") return std::nullopt;
  const int64_t value = std::stoll(word);
  if (value >= kNoLimit) return std::nullopt;
  return value;
}

ContainerLimits limits_of_process(int64_t pid) {
  ContainerLimits limits;
  const fs::path cpu = cgroup_of(pid, "cpu");
  const fs::path memory = cgroup_of(pid, "memory");
  const bool v1 = fs::exists(cpu / "cpu.cfs_quota_us");
  const auto quota = number(first_word(cpu / (v1 ? "cpu.cfs_quota_us" : "cpu.max")));
  if (quota) limits.cpu_milli = *quota / 100;
  limits.memory_bytes = number(first_word(memory / (v1 ? "memory.limit_in_bytes" : "memory.max")));
  limits.cpuset = first_word(cgroup_of(pid, "cpuset") / "cpuset.cpus");
  return limits;
}

std::string fresh_run() {
  static std::atomic<int> next = 0;
  return "run/" + std::to_string(::getpid()) + "." + std::to_string(next++);
}

std::unique_ptr<Engine> start(EngineKind kind) {
  auto made = std::make_unique<Engine>();
  if (kind == EngineKind::kFake) {
    static const contract::TemporaryFolder folder;
    static FakeEngine fake(folder.path());
    made->fake = &fake;
    made->config.socket = fake.socket();
    made->image = "fake:1";
    std::istringstream nothing;
    Client(fake.socket()).import_image(made->image, nothing);
  } else if (kind == EngineKind::kDocker) {
    static Daemon docker(Daemon::Kind::kDocker);
    made->daemon = &docker;
  } else {
    static Daemon podman(Daemon::Kind::kPodman);
    made->daemon = &podman;
    made->config.ulimits = {{"nofile", 1024, 1024}, {"nproc", 1024, 1024}};
  }
  if (made->daemon != nullptr) {
    made->config.socket = made->daemon->socket();
    made->config.cgroup_parent = "/" + made->daemon->cgroup();
    made->image = Daemon::kImage;
  }
  made->config.policy.images = {made->image};
  return made;
}

}  // namespace

Engine* engine(EngineKind kind) {
  if (kind != EngineKind::kFake) {
    const std::string missing = Daemon::missing(
        kind == EngineKind::kDocker ? Daemon::Kind::kDocker : Daemon::Kind::kPodman);
    if (!missing.empty()) {
      [&] { GTEST_SKIP() << missing; }();
      return nullptr;
    }
  }
  static std::map<EngineKind, std::unique_ptr<Engine>> engines;
  auto& made = engines[kind];
  if (made == nullptr) made = start(kind);
  return made.get();
}

EngineWorld::EngineWorld(Engine& engine) : engine_(engine), config_(engine.config) {
  config_.run = fresh_run();
}

ContainerOrder EngineWorld::order(const ContainerKey& key, const contract::Program& program) {
  ContainerOrder order;
  order.key = key;
  order.run = config_.run;
  order.image = engine_.image;
  order.command = contract::shell_command(program);
  order.log = log(key);
  return order;
}

bool EngineWorld::has_ended(const ContainerKey& key) {
  try {
    const auto found = Client(config_.socket).inspect(name(key));
    return found && found->state == EngineContainer::State::kExited;
  } catch (const EngineError&) {
    return false;  // Podman answers 500 while a process of its goes away; whoever asks, asks again
  }
}

std::optional<ContainerLimits> EngineWorld::limits(const ContainerKey& key) {
  if (engine_.fake == nullptr) {
    const auto found = Client(config_.socket).inspect(name(key));
    if (!found || found->pid == 0) return std::nullopt;
    return limits_of_process(found->pid);
  }
  const nlohmann::json host = engine_.fake->host_config(name(key));
  if (host.is_null()) return std::nullopt;
  ContainerLimits limits;
  const auto quota = host.value("CpuQuota", int64_t{-1});
  if (quota > 0) limits.cpu_milli = quota / 100;
  const auto memory = host.value("Memory", int64_t{0});
  if (memory > 0 && memory < kNoLimit) limits.memory_bytes = memory;
  limits.cpuset = host.value("CpusetCpus", "");
  return limits;
}

}  // namespace orrery::live::testing_support
