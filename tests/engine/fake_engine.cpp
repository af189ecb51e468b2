#include "tests/engine/fake_engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace orrery::live::testing_support {
namespace {

using Json = nlohmann::json;

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string said(const std::string& message) { return Json{{"message", message}}.dump(); }

int signal_of(std::string name) {
  if (name.starts_with("SIG")) name.erase(0, 3);
  return name == "TERM" ? SIGTERM : SIGKILL;
}

/// The strings of a JSON array as a null-terminated list that lives as long as `texts`.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// Starts a program in a session of its own; an error number where it can't be.
int spawn(const Json& config, int out, int err, int& pid) {
  auto command = config.value("Cmd", std::vector<std::string>());
  auto environment = config.value("Env", std::vector<std::string>());
  environment.emplace_back("PATH=/usr/bin:/bin");
  const std::string directory = config.value("WorkingDir", std::string("/"));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  const auto arguments = pointers(command);
  const auto variables = pointers(environment);
  const int failed =
      ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

bool has_labels(const Json& config, const Json& filters) {
  if (!filters.contains("label")) return true;
  for (const std::string label : filters["label"]) {
    const size_t equals = label.find('=');
    const std::string name = label.substr(0, equals);
    const Json& labels = config["Labels"];
    if (!labels.contains(name) || labels[name] != label.substr(equals + 1)) return false;
  }
  return true;
}

}  // namespace

FakeEngine::FakeEngine(const std::filesystem::path& folder)
    : server_(folder / "engine.sock", [this](const HttpRequest& request, Connection& connection) {
        serve(request, connection);
      }) {
  server_.serve();
}

FakeEngine::~FakeEngine() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    faults_.clear();
    for (auto& [id, container] : containers_) removed_.push_back(container);
    for (const Handle& container : removed_) {
      if (container->pid > 0) ::kill(-container->pid, SIGKILL);
    }
  }
  changed_.notify_all();
  server_.stop();
  for (const Handle& container : removed_) {
    if (container->keeper.joinable()) container->keeper.join();
  }
}

void FakeEngine::inject(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FakeEngine::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  changed_.notify_all();
}

void FakeEngine::cut_events() {
  const std::lock_guard lock(mutex_);
  ++streams_epoch_;
  changed_.notify_all();
}

void FakeEngine::die() {
  cut_events();
  server_.stop();
  const std::lock_guard lock(mutex_);
  events_.clear();
}

size_t FakeEngine::calls(const std::string& method, const std::string& path_part) {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::count_if(log_.begin(), log_.end(), [&](const auto& call) {
    return call.method == method && call.path.find(path_part) != std::string::npos;
  }));
}

std::vector<Json> FakeEngine::bodies(const std::string& method, const std::string& path_part) {
  const std::lock_guard lock(mutex_);
  std::vector<Json> found;
  for (const HttpRequest& call : log_) {
    if (call.method != method || call.path.find(path_part) == std::string::npos) continue;
    found.push_back(Json::parse(call.body, nullptr, false));
  }
  return found;
}

int FakeEngine::runs(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const Handle container = find(name);
  return container ? container->runs : 0;
}

Json FakeEngine::host_config(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const Handle container = find(name);
  return container ? container->config["HostConfig"] : Json();
}

void FakeEngine::tamper(const std::string& name, const std::string& verb) {
  const std::lock_guard lock(mutex_);
  const Handle container = find(name);
  ASSERT_TRUE(container);
  if (verb == "pause" || verb == "unpause") pause(container, verb == "pause");
  if (verb == "kill") kill(container, "KILL");
  if (verb == "remove") remove(container, /*force=*/true);
}

void FakeEngine::add_foreign(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto container = std::make_shared<Container>();
  container->id = "f0e1" + std::to_string(next_id_++);
  container->name = name;
  container->config = {{"Labels", Json::object()}, {"HostConfig", Json::object()}};
  containers_[container->id] = container;
}

void FakeEngine::set_api(std::string newest, std::string oldest) {
  const std::lock_guard lock(mutex_);
  api_newest_ = std::move(newest);
  api_oldest_ = std::move(oldest);
}

std::optional<Fault> FakeEngine::fault_of(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  log_.push_back(request);
  for (Fault& fault : faults_) {
    if (fault.times <= 0 || fault.method != request.method ||
        request.path.find(fault.path_part) == std::string::npos) {
      continue;
    }
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

void FakeEngine::serve(const HttpRequest& request, Connection& connection) {
  const auto fault = fault_of(request);
  if (!fault) return serve_plain(request, connection);
  using Kind = Fault::Kind;
  if (fault->kind == Kind::kStatus) connection.answer(fault->status, fault->body);
  if (fault->kind == Kind::kSay) connection.send(fault->body);
  if (fault->kind == Kind::kSlow) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(300), [&] { return closing_; });
    lock.unlock();
    serve_plain(request, connection);
  }
  if (fault->kind == Kind::kDoAndCut || fault->kind == Kind::kDoAndHang) {
    const std::lock_guard lock(mutex_);
    answer(request, request.path.substr(request.path.find('/', 1)));
  }
  while ((fault->kind == Kind::kHang || fault->kind == Kind::kDoAndHang) && !connection.over()) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(20), [&] { return closing_; });
    if (closing_) return;
  }
}

void FakeEngine::serve_plain(const HttpRequest& request, Connection& connection) {
  std::string path = request.path;
  if (path.starts_with("/v")) path.erase(0, std::min(path.find('/', 1), path.size()));
  if (path == "/events") return stream_events(request, connection);
  const bool logs = path.ends_with("/logs");
  if (logs || path.ends_with("/wait")) {
    std::unique_lock lock(mutex_);
    const Handle container = find(path.substr(12, path.rfind('/') - 12));
    lock.unlock();
    if (!container) {
      connection.answer(404, said("No such container"));
    } else if (logs) {
      stream_logs(container, request.query.at("follow") == "1", connection);
    } else {
      wait_for(container, connection);
    }
    return;
  }
  Answer result;
  {
    const std::lock_guard lock(mutex_);
    result = answer(request, path);
  }
  connection.answer(result.status, result.body);
}

FakeEngine::Answer FakeEngine::answer(const HttpRequest& request, const std::string& path) {
  if (path == "/_ping" || request.path == "/_ping") return {200, "OK"};
  if (path == "/version" || request.path == "/version") {
    return {200, Json{{"Version", "20.10.fake"},
                      {"ApiVersion", api_newest_},
                      {"MinAPIVersion", api_oldest_},
                      {"Components", Json::array({{{"Name", "Engine"}}})}}
                     .dump()};
  }
  if (path == "/info") {
    return {200, Json{{"NCPU", 2},
                      {"MemTotal", int64_t{8} << 30},
                      {"CgroupVersion", "1"},
                      {"CgroupDriver", "cgroupfs"},
                      {"LiveRestoreEnabled", true}}
                     .dump()};
  }
  if (path == "/images/create") {
    images_.insert(request.query.at("repo") + ":" + request.query.at("tag"));
    return {200, R"({"status":"sha256:0"})"};
  }
  if (path.starts_with("/images/")) {
    const bool known = images_.contains(path.substr(8, path.size() - 13));
    return known ? Answer{200, "{}"} : Answer{404, said("No such image")};
  }
  if (path == "/containers/json") {
    return {200, list(Json::parse(request.query.at("filters"))).dump()};
  }
  if (path == "/containers/create") return create(request);
  if (!path.starts_with("/containers/")) return {404, said("page not found")};
  const size_t slash = path.find('/', 12);
  const std::string id = path.substr(12, slash == std::string::npos ? slash : slash - 12);
  const Handle container = find(id);
  if (!container) return {404, said("No such container: " + id)};
  return of_container(request, container, slash == std::string::npos ? "" : path.substr(slash + 1));
}

FakeEngine::Answer FakeEngine::of_container(const HttpRequest& request, const Handle& container,
                                            const std::string& verb) {
  if (request.method == "DELETE") return remove(container, request.query.at("force") == "1");
  if (verb == "json") return {200, inspected(*container).dump()};
  if (verb == "start") return start(container);
  if (verb == "kill") return kill(container, request.query.at("signal"));
  if (verb == "stop") {
    if (container->state == "exited") return {304};
    return kill(container, "KILL");
  }
  if (verb == "pause" || verb == "unpause") return pause(container, verb == "pause");
  if (verb == "update") return update(container, Json::parse(request.body));
  if (verb == "stats") return stats(*container);
  return {404, said("page not found")};
}

FakeEngine::Answer FakeEngine::create(const HttpRequest& request) {
  const Json config = Json::parse(request.body);
  const std::string name = request.query.at("name");
  if (find(name)) return {409, said("Conflict. The container name is already in use")};
  const std::string image = config.at("Image");
  if (!images_.contains(image)) return {404, said("No such image: " + image)};
  auto container = std::make_shared<Container>();
  container->id = "c0ffee" + std::to_string(next_id_++);
  container->name = name;
  container->config = config;
  containers_[container->id] = container;
  tell(*container, "create");
  return {201, Json{{"Id", container->id}, {"Warnings", Json::array()}}.dump()};
}

FakeEngine::Answer FakeEngine::start(const Handle& container) {
  if (container->state == "running") return {304};
  if (container->state == "paused") {
    return {409, said("cannot start a paused container, try unpause instead")};
  }
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) return {500, said("no pipe")};
  const int failed = spawn(container->config, out[1], err[1], container->pid);
  ::close(out[1]);
  ::close(err[1]);
  if (failed != 0) {
    ::close(out[0]);
    ::close(err[0]);
    return {400, said(std::string("OCI runtime create failed: ") + std::strerror(failed))};
  }
  container->state = "running";
  ++container->runs;
  tell(*container, "start");
  // Of a run before; it is over, since the container was not running.
  if (container->keeper.joinable()) container->keeper.detach();
  container->keeper =
      std::thread([this, container, out = out[0], err = err[0]] { keep(container, out, err); });
  return {204};
}

FakeEngine::Answer FakeEngine::kill(const Handle& container, const std::string& signal) {
  if (container->state != "running" && container->state != "paused") {
    return {409, said("Cannot kill container: it is not running")};
  }
  const int number = signal_of(signal);
  ::kill(number == SIGKILL ? -container->pid : container->pid, number);
  if (container->state == "paused") pause(container, false);
  return {204};
}

FakeEngine::Answer FakeEngine::pause(const Handle& container, bool on) {
  if (container->state != (on ? "running" : "paused")) {
    return {on ? 409 : 500, said(on ? "is not running" : "is not paused")};
  }
  ::kill(-container->pid, on ? SIGSTOP : SIGCONT);
  container->state = on ? "paused" : "running";
  tell(*container, on ? "pause" : "unpause");
  return {204};
}

FakeEngine::Answer FakeEngine::update(const Handle& container, const Json& body) {
  if (body.contains("NanoCpus")) return {409, said("Conflicting options: Nano CPUs")};
  if (body.contains("Memory") && !body.contains("MemorySwap")) {
    return {409, said("Memory limit should be smaller than already set memoryswap limit")};
  }
  container->config["HostConfig"].update(body);
  tell(*container, "update");
  return {200, R"({"Warnings":null})"};
}

FakeEngine::Answer FakeEngine::remove(const Handle& container, bool force) {
  const bool runs = container->state == "running" || container->state == "paused";
  if (runs && !force) return {409, said("You cannot remove a running container")};
  if (runs) ::kill(-container->pid, SIGKILL);
  tell(*container, "destroy");
  removed_.push_back(container);
  containers_.erase(container->id);
  return {204};
}

FakeEngine::Answer FakeEngine::stats(const Container& container) const {
  const bool runs = container.state == "running" || container.state == "paused";
  Json body{{"cpu_stats", {{"cpu_usage", {{"total_usage", 0}}}}}, {"memory_stats", Json::object()}};
  if (runs) {
    const std::string folder = "/proc/" + std::to_string(container.pid);
    int64_t cpu = 0;
    int64_t pages = 0;
    std::ifstream(folder + "/schedstat") >> cpu;
    std::ifstream(folder + "/statm") >> pages >> pages;
    body["cpu_stats"]["cpu_usage"]["total_usage"] = cpu;
    body["memory_stats"] = {{"usage", pages * 4096 + 1000},
                            {"stats", {{"total_inactive_file", 1000}}}};
    body["pids_stats"] = {{"current", 1}};
  }
  return {200, body.dump()};
}

Json FakeEngine::inspected(const Container& container) const {
  return {{"Id", container.id},
          {"Name", "/" + container.name},
          {"Config", {{"Labels", container.config["Labels"]}}},
          {"HostConfig", container.config["HostConfig"]},
          {"State",
           {{"Status", container.state},
            {"ExitCode", container.exit_code},
            {"OOMKilled", false},
            {"Pid", container.pid},
            {"Error", ""}}}};
}

Json FakeEngine::list(const Json& filters) const {
  Json found = Json::array();
  for (const auto& [id, container] : containers_) {
    if (!has_labels(container->config, filters)) continue;
    found.push_back({{"Id", id},
                     {"Names", Json::array({"/" + container->name})},
                     {"Labels", container->config["Labels"]},
                     {"State", container->state}});
  }
  return found;
}

FakeEngine::Handle FakeEngine::find(const std::string& id) {
  for (const auto& [known, container] : containers_) {
    if (known == id || container->name == id) return container;
  }
  return nullptr;
}

void FakeEngine::tell(const Container& container, const std::string& action) {
  Json attributes = container.config["Labels"];
  attributes["name"] = container.name;
  if (action == "die") attributes["exitCode"] = std::to_string(container.exit_code);
  events_.push_back({{"Type", "container"},
                     {"Action", action},
                     {"Actor", {{"ID", container.id}, {"Attributes", attributes}}},
                     {"timeNano", now_ns()}});
  changed_.notify_all();
}

}  // namespace orrery::live::testing_support
