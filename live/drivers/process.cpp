#include "live/drivers/process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "actors/check.hpp"
#include "actors/error.hpp"
#include "live/drivers/process_system.hpp"

namespace orrery::live {
namespace {

/// What a program may know of the engine's environment; all else (tokens, say) stays here.
constexpr const char* kPassedOn[] = {"PATH", "HOME", "USER",   "LOGNAME",        "SHELL",
                                     "LANG", "TZ",   "TMPDIR", "LD_LIBRARY_PATH"};

bool is_run_id(const std::string& run) {
  return !run.empty() && run.front() != '.' && run.size() <= 128 &&
         std::all_of(run.begin(), run.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

std::map<std::string, std::string> environment_of(const ContainerOrder& order) {
  std::map<std::string, std::string> environment;
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  std::string gpus;
  for (const std::string& gpu : order.gpus) gpus += (gpus.empty() ? "" : ",") + gpu;
  // Empty: no GPU at all; absent would be all of them.
  environment["CUDA_VISIBLE_DEVICES"] = gpus;
  for (const auto& [name, value] : order.environment) environment[name] = value;
  return environment;
}

/// The order as the keeper reads it. Throws InputError for what can't be said in it.
std::string order_text(const ContainerOrder& order, const CgroupPlace& place, bool namespaces) {
  std::string text = order_text(place);
  const auto add = [&](char tag, const std::string& value) {
    if (value.find('\0') != std::string::npos) {
      throw InputError({"container " + text_of(order.key), 0, 0, "words without a zero byte",
                        "one with it", "remove it from the command or the environment"});
    }
    text += tag + value + '\0';
  };
  for (const std::string& argument : order.command) add('a', argument);
  for (const auto& [name, value] : environment_of(order)) add('e', name + "=" + value);
  add('e', marker_of(order.run, order.key));
  const std::filesystem::path directory = order.directory.empty() ? "/" : order.directory;
  add('d', std::filesystem::absolute(directory).string());
  if (!order.log.empty()) add('l', std::filesystem::absolute(order.log).string());
  if (namespaces) add('n', "");
  return text;
}

ExitCause cause_of(const StatusLine& end) {
  if (end.kind == StatusLine::Kind::kCannot) return ExitCause::kFailed;
  if (end.kind == StatusLine::Kind::kLost || (!end.asked && end.signal != 0)) {
    return ExitCause::kCrashed;
  }
  if (end.asked) return ExitCause::kStopped;
  return end.exit_code == 0 ? ExitCause::kDone : ExitCause::kFailed;
}

int32_t code_of(const StatusLine& end) {
  switch (end.kind) {
    case StatusLine::Kind::kCannot: return 127;
    case StatusLine::Kind::kLost: return 137;  // as of a program that SIGKILL has ended
    default: return end.exit_code;
  }
}

}  // namespace

ProcessDriver::ProcessDriver(ProcessDriverConfig config) : config_(std::move(config)) {
  if (!is_run_id(config_.run)) {
    throw InputError({"run id of the process driver", 0, 0,
                      "1 to 128 letters, digits, '-', '_' and '.', not starting with '.'",
                      "\"" + config_.run + "\"", "choose another id"});
  }
}

ProcessDriver::~ProcessDriver() { close(); }

void ProcessDriver::open(DriverEvents events) {
  ORRERY_CHECK(!thread_.joinable(), "the process driver is open already");
  try {
    open_files();
  } catch (const EnvironmentError&) {
    close();
    throw;
  }
  const std::lock_guard lock(mutex_);
  events_ = std::move(events);
  stopping_ = false;
  for (const ContainerKey& key : folder_->keys()) adopt(key);
  if (groups_) {
    for (const std::string& text : groups_->prepare()) post_trouble({}, text);
  }
  thread_ = std::thread([this] { watch_all(); });
}

void ProcessDriver::open_files() {
  folder_.emplace(std::filesystem::absolute(config_.state) / config_.run);
  owner_ = folder_->own();
  folder_->tidy();
  if (config_.cgroups) {
    groups_.emplace(config_.cgroup_parent, config_.run);
    groups_->tidy(folder_->keys());
  }
  image_ = keeper_image();
  notices_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string statuses = folder_->status_folder().string();
  if (!notices_ || ::inotify_add_watch(notices_.get(), statuses.c_str(), IN_MODIFY) < 0) {
    throw EnvironmentError("process driver: cannot watch " + statuses + ": " +
                           std::strerror(errno) +
                           "; raise the sysctls fs.inotify.max_user_instances and "
                           "fs.inotify.max_user_watches");
  }
  wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ready_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!wake_ || !ready_) {
    throw EnvironmentError(std::string("process driver: no more descriptors: ") +
                           std::strerror(errno) + "; raise `ulimit -n`");
  }
  wait_for(notices_.get());
  wait_for(wake_.get());
}

void ProcessDriver::wait_for(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, fd, &event);
}

void ProcessDriver::close() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      post({});
    }
    thread_.join();
  }
  if (groups_) groups_->remove();
  groups_.reset();
  watched_.clear();
  keepers_.clear();
  calls_.clear();
  for (UniqueFd* fd : {&ready_, &wake_, &notices_, &image_, &owner_}) fd->reset();
}

void ProcessDriver::start(const ContainerOrder& order) {
  ORRERY_CHECK(thread_.joinable(), "the process driver is not open");
  const std::lock_guard lock(mutex_);
  const ContainerKey key = order.key;
  if (!folder_->exists(key)) {
    try {
      start_new(order);
    } catch (const std::runtime_error& error) {
      StatusLine end;
      end.kind = StatusLine::Kind::kCannot;
      end.text = error.what();
      post_end(key, end);
    }
    return;
  }
  Watched& watched = watch(key);
  if (watched.end) {
    post_end(key, *watched.end);
    return;
  }
  if (watched.asked && watched.asked->mode == StopMode::kSuspend) {
    watched.asked.reset();
    folder_->set_asked(key, std::nullopt);
  }
  // The keeper answers with `started`, behind whatever it was asked before.
  send(key, watched, "r");
}

void ProcessDriver::start_new(const ContainerOrder& order) {
  const ContainerKey key = order.key;
  if (order.run != config_.run || order.command.empty()) {
    throw InputError({"container " + text_of(key), 0, 0, "a command and the run " + config_.run,
                      std::to_string(order.command.size()) + " words, run " + order.run, ""});
  }
  CgroupPlace place;
  std::optional<Cgroup> group;
  if (groups_) {
    std::vector<std::string> refused;  // told by open()
    place = groups_->make(key, refused);
    group.emplace(place);
    apply_limits(key, *group, order.limits);
  }
  const bool apart = config_.namespaces && may_make_namespaces();
  folder_->claim(key, order_text(order, place, apart));
  Watched& watched = watch(key);
  watched.group = std::move(group);
  spawn(key, watched);
}

void ProcessDriver::stop(const ContainerKey& key, StopMode mode, Duration grace) {
  ORRERY_CHECK(thread_.joinable(), "the process driver is not open");
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(key);
  if (found == watched_.end()) {
    post([this, key] {
      if (events_.exited) events_.exited(key, ExitCause::kStopped, 0);
    });
    return;
  }
  Watched& watched = found->second;
  if (watched.end) {
    post_end(key, *watched.end);
    return;
  }
  const bool ends = watched.asked && watched.asked->mode != StopMode::kSuspend;
  if (mode == StopMode::kSuspend && ends) return;  // it is on its way out
  watched.asked = AskedStop{mode, std::max<int64_t>(0, grace.ns / 1'000'000)};
  try {
    folder_->set_asked(key, watched.asked);
  } catch (const EnvironmentError& error) {
    post_trouble(key, error.what());
  }
  send_asked(key, watched);
}

void ProcessDriver::limit(const ContainerKey& key, const ContainerLimits& limits) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(key);
  if (found == watched_.end() || found->second.end) return;
  if (found->second.group) {
    apply_limits(key, *found->second.group, limits);
  } else if (limits != ContainerLimits{}) {
    post_trouble(key, "has no cgroup: its limits are not in force");
  }
}

void ProcessDriver::forget(const ContainerKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(key);
  if (found == watched_.end()) return;
  if (!found->second.end) {
    post_trouble(key, "asked to forget a container that has not ended; it is kept");
    return;
  }
  watched_.erase(found);
  folder_->forget(key);
}

std::vector<ContainerFound> ProcessDriver::list() {
  using State = ContainerFound::State;
  const std::lock_guard lock(mutex_);
  std::vector<ContainerFound> all;
  if (!folder_) return all;
  for (const ContainerKey& key : folder_->keys()) {
    ContainerFound found{key, State::kCreated, 0, std::nullopt};
    if (const auto asked = folder_->asked(key)) found.asked = asked->mode;
    uint64_t offset = 0;
    for (const StatusLine& line : folder_->read(key, offset)) {
      if (line.kind == StatusLine::Kind::kStarted) found.state = State::kRunning;
      if (line.kind == StatusLine::Kind::kSuspended) found.state = State::kPaused;
      if (line.is_end()) {
        found.state = State::kExited;
        found.exit_code = code_of(line);
      }
    }
    all.push_back(found);
  }
  return all;
}

std::optional<ContainerUsage> ProcessDriver::usage(const ContainerKey& key) {
  pid_t keeper = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(key);
    if (found == watched_.end() || found->second.end || found->second.program < 0) return {};
    if (auto usage = usage_of_group(found->second)) return usage;
    keeper = found->second.keeper;
  }
  std::vector<pid_t> family = family_of(keeper);
  family.erase(family.begin());
  if (family.empty()) return {};
  return usage_of(family);
}

std::optional<ContainerUsage> ProcessDriver::usage_of_group(Watched& watched) {
  if (!watched.group || watched.group->place().with("memory").empty()) return std::nullopt;
  try {
    const CgroupCpu cpu = watched.group->cpu();
    return ContainerUsage{cpu.used, cpu.throttled, watched.group->memory().used_bytes};
  } catch (const EnvironmentError&) {
    return std::nullopt;
  }
}

std::vector<Capability> ProcessDriver::capabilities() const {
  std::vector<Capability> all{
      {"processes", true,
       "sessions of their own, logs, durable exit codes, freezing, and an end that includes "
       "daemonised descendants; needs no privilege"}};
  const bool apart = config_.namespaces && may_make_namespaces();
  all.push_back({"namespaces", apart,
                 apart ? "a container sees only its own processes"
                       : "pid, mount and ipc namespaces need CAP_SYS_ADMIN: run as root; without "
                         "it a container sees the processes of others"});
  const std::string probe = "probe-" + std::to_string(::getpid());
  std::vector<std::string> refused;
  CgroupPlace place;
  if (config_.cgroups) {
    // The only sure way to know what is allowed is to do it.
    const RunCgroups groups(config_.cgroup_parent, probe);
    refused = groups.prepare();
    place = groups.make({}, refused);
  } else {
    refused.push_back("cgroups are switched off in the configuration");
  }
  const bool freezes = !place.freeze_file().empty();
  std::map<std::string, bool> has;
  for (const char* name : {"cpu", "cpuset", "memory"}) has[name] = !place.with(name).empty();
  remove_cgroup(place);
  if (config_.cgroups) RunCgroups(config_.cgroup_parent, probe).remove();
  const std::string why = refused.empty() ? "" : "; " + refused.front();
  const auto add = [&](const char* name, bool available, const std::string& use,
                       const std::string& otherwise) {
    all.push_back({name, available, available ? use : otherwise + why});
  };
  add("cpu", has["cpu"], "quotas of processor time", "no quota of processor time is in force");
  add("cpuset", has["cpuset"], "lists of cores", "no list of cores is in force");
  add("memory", has["memory"], "limits and exact accounts of memory",
      "no limit of memory is in force, and usage is summed up from /proc");
  add("freeze", freezes, "the kernel freezes a container as a whole",
      "containers are frozen by SIGSTOP, which their parents can see");
  return all;
}

// ---- Below: with the mutex held ---------------------------------------------------------------

void ProcessDriver::post(Call call) {
  calls_.push_back(std::move(call));
  const uint64_t one = 1;
  // A counter that is full wakes the thread just as well.
  [[maybe_unused]] const ssize_t done = ::write(wake_.get(), &one, sizeof one);
}

void ProcessDriver::post_trouble(std::optional<ContainerKey> key, std::string text) {
  post([this, key, text = std::move(text)] {
    if (events_.trouble) events_.trouble(key, text);
  });
}

void ProcessDriver::apply_limits(const ContainerKey& key, Cgroup& group,
                                 const ContainerLimits& limits) {
  for (std::string& text : group.set_limits(limits)) post_trouble(key, std::move(text));
}

void ProcessDriver::leave_group(const ContainerKey& key, Watched& watched) {
  if (!watched.group) return;
  try {
    if (const int64_t kills = watched.group->memory().oom_kills; kills > 0) {
      post_trouble(key, "out of memory: the kernel has killed " + std::to_string(kills) +
                            " of its processes; give it a higher limit");
    }
  } catch (const EnvironmentError&) {
    // A group without memory accounts has nothing to tell.
  }
  leave_cgroup(watched.group->place());
  watched.group.reset();
}

void ProcessDriver::post_end(const ContainerKey& key, const StatusLine& end) {
  if (end.kind == StatusLine::Kind::kCannot) post_trouble(key, "cannot start: " + end.text);
  if (end.kind == StatusLine::Kind::kLost) {
    post_trouble(key, "its keeper was killed; how the program ended is not known");
  }
  post([this, key, cause = cause_of(end), code = code_of(end)] {
    if (events_.exited) events_.exited(key, cause, code);
  });
}

}  // namespace orrery::live
