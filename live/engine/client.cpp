#include "live/engine/client.hpp"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

#include "live/engine/bodies.hpp"
#include "live/engine/parse.hpp"

namespace orrery::live {
namespace {

using Kind = EngineError::Kind;

constexpr int kOldestApiMinor = 41;

Kind kind_of(int status, std::string_view body) {
  if (status == 404) return Kind::kMissing;
  if (status == 409) return Kind::kConflict;
  if (status >= 400 && status < 500) return Kind::kRefused;
  // Podman 4.3 answers 500 to all that fails; its causes tell the kinds apart.
  if (body.find("that name is already in use") != std::string_view::npos ||
      body.find("container state improper") != std::string_view::npos) {
    return Kind::kConflict;
  }
  if (body.find("OCI runtime attempted to invoke a command") != std::string_view::npos ||
      body.find("OCI permission denied") != std::string_view::npos) {
    return Kind::kRefused;
  }
  return Kind::kBroken;
}

std::string_view hint_of(Kind kind) {
  switch (kind) {
    case Kind::kMissing: return "see whether it was removed, or never brought to this node";
    case Kind::kConflict: return "see its state with the engine's own `ps -a`";
    case Kind::kRefused: return "change what was asked for";
    case Kind::kBroken: return "see the engine's log";
    case Kind::kUnreachable:
    case Kind::kTimeout:
    case Kind::kInterrupted:
    case Kind::kGarbage: break;
  }
  return "see what listens there, and its version";
}

EngineError error_of(const std::string& what, const std::filesystem::path& socket,
                     const Http::Answer& answer) {
  const Kind kind = kind_of(answer.status, answer.body);
  const std::string message = message_of(answer.body);
  return {kind, answer.status, message,
          what + ": the container engine at " + socket.string() + " answered " +
              std::to_string(answer.status) + (message.empty() ? "" : ": " + message) + "; " +
              std::string(hint_of(kind))};
}

EngineError garbage(const std::string& what, const std::filesystem::path& socket,
                    const Http::Answer& answer) {
  return {Kind::kGarbage, answer.status, message_of(answer.body),
          what + ": the container engine at " + socket.string() + " answered " +
              std::to_string(answer.status) +
              " with something that this version of its API does "
              "not hold; " +
              std::string(hint_of(Kind::kGarbage))};
}

/// Podman says in the head of a ping who it is. It is not asked for its version: it answers only
/// after it has asked the package manager for the packages of all its parts, in a second or two.
std::optional<EngineVersion> podman_of(const std::map<std::string, std::string>& headers) {
  const auto libpod = headers.find("libpod-api-version");
  const auto api = headers.find("api-version");
  if (libpod == headers.end() || api == headers.end()) return std::nullopt;
  const auto minor = api_minor_of(api->second);
  if (!minor) return std::nullopt;
  return EngineVersion{EngineFlavour::kPodman, libpod->second, *minor, kOldestApiMinor};
}

std::string container_path(const std::string& id) { return "/containers/" + Http::encoded(id); }

}  // namespace

struct Client::Call {
  std::string what;  ///< "start of container x"
  std::string method = "GET";
  std::string path;  ///< without the version
  Milliseconds deadline{0};
  std::string body = {};
  std::vector<int> also = {};  ///< statuses besides 2xx that are no errors
  bool libpod = false;
  bool unversioned = false;
  std::function<bool(std::string_view)> sink = {};
  std::function<size_t(char*, size_t)> upload = {};
};

struct Client::Known {
  std::mutex mutex;
  std::optional<EngineVersion> version;
  bool libpod_update = false;
};

Client::Client(std::filesystem::path socket, Deadlines deadlines)
    : http_(std::move(socket)), deadlines_(deadlines), known_(std::make_shared<Known>()) {}

Http::Answer Client::ask(const Call& call) {
  std::string prefix;
  if (call.libpod) prefix = "/v4.0.0/libpod";
  if (!call.libpod && !call.unversioned) {
    prefix = "/v1." + std::to_string(dialect().api_minor_used);
  }
  const Http::Answer answer = http_.call(
      {call.method, prefix + call.path, call.body, call.deadline, call.sink, call.upload},
      call.what);
  const bool fine = answer.status >= 200 && answer.status < 300;
  if (fine || std::find(call.also.begin(), call.also.end(), answer.status) != call.also.end()) {
    return answer;
  }
  throw error_of(call.what, socket(), answer);
}

EngineVersion Client::dialect() {
  {
    const std::lock_guard lock(known_->mutex);
    if (known_->version) return *known_->version;
  }
  return version();
}

void Client::ping() {
  Call call{"ping", "GET", "/_ping", deadlines_.quick};
  call.unversioned = true;
  ask(call);
}

EngineVersion Client::version() {
  Call call{"version", "GET", "/_ping", deadlines_.quick};
  call.unversioned = true;
  Http::Answer answer = ask(call);
  std::optional<EngineVersion> version = podman_of(answer.headers);
  if (!version) {
    call.path = "/version";
    answer = ask(call);
    version = version_of(answer.body);
  }
  if (!version) throw garbage(call.what, socket(), answer);
  if (version->api_minor < kOldestApiMinor) {
    throw EngineError(Kind::kRefused, answer.status, version->version,
                      "version: the container engine at " + socket().string() + " is " +
                          version->version + " with API 1." + std::to_string(version->api_minor) +
                          ", expected API 1.41 or newer; install Docker 20.10 or newer, or Podman "
                          "4.3 or newer");
  }
  const std::lock_guard lock(known_->mutex);
  known_->version = version;
  return *version;
}

EngineInfo Client::info() {
  const Call call{"info", "GET", "/info", deadlines_.quick};
  const Http::Answer answer = ask(call);
  const auto info = info_of(answer.body);
  if (!info) throw garbage(call.what, socket(), answer);
  return *info;
}

std::string Client::create(const EngineCreate& wanted) {
  const Call call{"creation of container " + wanted.name + " from image " + wanted.image, "POST",
                  "/containers/create?name=" + Http::encoded(wanted.name), deadlines_.work,
                  create_body(wanted)};
  const Http::Answer answer = ask(call);
  const auto body = json_of(answer.body);
  const std::string id = body ? text_at(*body, "Id") : std::string();
  if (id.empty()) throw garbage(call.what, socket(), answer);
  return id;
}

bool Client::start(const std::string& id) {
  return ask({"start of container " + id,
              "POST",
              container_path(id) + "/start",
              deadlines_.work,
              "",
              {304}})
             .status != 304;
}

void Client::stop(const std::string& id, std::chrono::seconds grace) {
  ask({"stop of container " + id,
       "POST",
       container_path(id) + "/stop?t=" + std::to_string(grace.count()),
       deadlines_.work + std::chrono::duration_cast<Milliseconds>(grace),
       "",
       {304}});
}

void Client::kill(const std::string& id, const std::string& signal) {
  ask({"signal " + signal + " to container " + id, "POST",
       container_path(id) + "/kill?signal=" + Http::encoded(signal), deadlines_.work});
}

void Client::pause(const std::string& id) {
  ask({"pause of container " + id, "POST", container_path(id) + "/pause", deadlines_.work});
}

void Client::unpause(const std::string& id) {
  ask({"unpause of container " + id, "POST", container_path(id) + "/unpause", deadlines_.work});
}

int32_t Client::wait(const std::string& id, Milliseconds deadline) {
  const Call call{"wait for container " + id, "POST",
                  container_path(id) + "/wait?condition=not-running", deadline};
  const Http::Answer answer = ask(call);
  const auto body = json_of(answer.body);
  if (!body || !body->contains("StatusCode")) throw garbage(call.what, socket(), answer);
  return static_cast<int32_t>(number_at(*body, "StatusCode"));
}

void Client::update(const std::string& id, const EngineLimits& limits) {
  Call call{"update of container " + id, "POST", container_path(id) + "/update", deadlines_.work,
            update_body(limits),         {404}};
  const bool podman = dialect().flavour == EngineFlavour::kPodman;
  {
    const std::lock_guard lock(known_->mutex);
    call.libpod = known_->libpod_update;
  }
  if (!call.libpod) {
    const Http::Answer answer = ask(call);
    if (answer.status != 404) return;
    // A missing page is not a missing container: Podman has the compatible call from 5.1 on.
    if (!podman || is_api_error(answer.body)) throw error_of(call.what, socket(), answer);
    const std::lock_guard lock(known_->mutex);
    known_->libpod_update = true;
  }
  call.libpod = true;
  call.also.clear();
  call.body = libpod_update_body(limits);
  ask(call);
}

void Client::remove(const std::string& id, bool force) {
  ask({"removal of container " + id, "DELETE",
       container_path(id) + "?v=1&force=" + (force ? "1" : "0"), deadlines_.work});
}

std::optional<EngineContainer> Client::inspect(const std::string& id) {
  const Call call{"inspection of container " + id,
                  "GET",
                  container_path(id) + "/json",
                  deadlines_.quick,
                  "",
                  {404}};
  const Http::Answer answer = ask(call);
  if (answer.status == 404) {
    // Only the engine's own word for it counts: a container is not gone because a page is.
    if (is_api_error(answer.body)) return std::nullopt;
    throw garbage(call.what, socket(), answer);
  }
  auto container = inspected_of(answer.body);
  if (!container) throw garbage(call.what, socket(), answer);
  return container;
}

std::vector<EngineContainer> Client::list(const std::map<std::string, std::string>& labels) {
  const Call call{"list of containers", "GET",
                  "/containers/json?all=1&filters=" + Http::encoded(label_filter(labels, false)),
                  deadlines_.quick};
  const Http::Answer answer = ask(call);
  auto containers = listed_of(answer.body);
  if (!containers) throw garbage(call.what, socket(), answer);
  return *containers;
}

std::optional<EngineStats> Client::stats(const std::string& id, Milliseconds deadline) {
  return stats_of(ask({"statistics of container " + id, "GET",
                       container_path(id) + "/stats?stream=false&one-shot=true", deadline})
                      .body);
}

void Client::logs(const std::string& id, bool follow,
                  const std::function<bool(std::string_view)>& sink) {
  LogFrames frames;
  Call call{"log of container " + id, "GET",
            container_path(id) + "/logs?stdout=1&stderr=1&follow=" + (follow ? "1" : "0"),
            follow ? Milliseconds{0} : deadlines_.import};
  call.sink = [&](std::string_view piece) { return frames.feed(piece, sink); };
  ask(call);
}

void Client::events(const std::map<std::string, std::string>& labels, int64_t since_ns,
                    const std::function<bool(const EngineEvent&)>& sink) {
  LineCutter lines;
  Call call{"events", "GET",
            "/events?since=" + engine_time(since_ns) +
                "&filters=" + Http::encoded(label_filter(labels, true))};
  call.sink = [&](std::string_view piece) {
    return lines.feed(piece, [&](std::string_view line) {
      const auto event = event_of(line);
      return !event || sink(*event);
    });
  };
  ask(call);
}

bool Client::has_image(const std::string& reference) {
  const Call call{"look for image " + reference,
                  "GET",
                  "/images/" + reference + "/json",
                  deadlines_.quick,
                  "",
                  {404}};
  return ask(call).status != 404;
}

void Client::import_image(const std::string& reference, std::istream& tar) {
  // Podman's compatible call drops the tag: all that it imports becomes "latest".
  const bool podman = dialect().flavour == EngineFlavour::kPodman;
  const size_t slash = reference.rfind('/');
  const size_t colon = reference.find(':', slash == std::string::npos ? 0 : slash);
  const std::string name = reference.substr(0, colon);
  const std::string tag = colon == std::string::npos ? "latest" : reference.substr(colon + 1);
  Call call{"import of image " + reference, "POST",
            podman ? "/images/import?reference=" + Http::encoded(reference)
                   : "/images/create?fromSrc=-&repo=" + Http::encoded(name) +
                         "&tag=" + Http::encoded(tag),
            deadlines_.import};
  call.libpod = podman;
  call.upload = [&tar](char* into, size_t size) {
    tar.read(into, static_cast<std::streamsize>(size));
    return static_cast<size_t>(tar.gcount());
  };
  const Http::Answer answer = ask(call);
  // Docker sends 200 before it reads; what goes wrong then comes as {"error": ...} in the body.
  const auto body = json_of(answer.body);
  const std::string error = body ? text_at(*body, "error") : std::string();
  if (body && error.empty()) return;
  throw EngineError(Kind::kRefused, answer.status, error,
                    call.what + ": " + (error.empty() ? message_of(answer.body) : error) +
                        "; give a tar archive of a root file system");
}

}  // namespace orrery::live
