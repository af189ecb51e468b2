// FakeEngine: a Docker daemon for tests, whose containers are plain processes of this machine.
//
// It answers as Docker 20.10 does, also where that is surprising: starting a container that has
// ended runs it once more, so that a driver which starts twice is found out. Faults can be set for
// every call.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/unix_server.hpp"

namespace orrery::live::testing_support {

/// Something that goes wrong with the next calls whose method and path match.
struct Fault {
  enum class Kind : uint8_t {
    kStatus,     ///< answers `status` and does nothing
    kHang,       ///< does nothing and never answers
    kCut,        ///< does nothing and breaks the connection
    kDoAndCut,   ///< does what was asked, then breaks the connection
    kDoAndHang,  ///< does what was asked and never answers
    kSlow,       ///< does what was asked after 300 ms
    kSay,        ///< sends `body` as it is, which need not be HTTP
  };
  std::string method;
  std::string path_part;  ///< "/start"
  Kind kind = Kind::kStatus;
  int times = 1;
  int status = 500;
  std::string body = R"({"message":"fault"})";
};

class FakeEngine {
 public:
  explicit FakeEngine(const std::filesystem::path& folder);
  ~FakeEngine();

  const std::filesystem::path& socket() const { return server_.socket(); }
  void inject(Fault fault);
  void clear_faults();
  /// Ends all event streams; the daemon itself goes on.
  void cut_events();
  /// The daemon dies: no socket, no memory of events. Containers go on.
  void die();
  void live() { server_.serve(); }

  /// How many calls came whose method and path match.
  size_t calls(const std::string& method, const std::string& path_part);
  /// The bodies of those calls.
  std::vector<nlohmann::json> bodies(const std::string& method, const std::string& path_part);
  /// How often the program of the container with that name was started.
  int runs(const std::string& name);
  /// Its "HostConfig", with later updates; null where there is none.
  nlohmann::json host_config(const std::string& name);
  /// What only an operator at the engine's own command line does.
  void tamper(const std::string& name, const std::string& verb);
  /// A container that somebody else made, under a name of theirs or ours.
  void add_foreign(const std::string& name);
  void set_api(std::string newest, std::string oldest);

 private:
  using Json = nlohmann::json;
  using Connection = UnixServer::Connection;

  struct Container {
    std::string id;
    std::string name;
    Json config;
    std::string state = "created";
    int pid = 0;
    int exit_code = 0;
    int runs = 0;
    std::string frames;  ///< its output, as logs sends it
    std::thread keeper;
  };
  using Handle = std::shared_ptr<Container>;
  struct Answer {
    int status = 200;
    std::string body = {};
  };

  void serve(const HttpRequest& request, Connection& connection);
  void serve_plain(const HttpRequest& request, Connection& connection);
  std::optional<Fault> fault_of(const HttpRequest& request);
  // With the mutex held.
  Answer answer(const HttpRequest& request, const std::string& path);
  Answer of_container(const HttpRequest& request, const Handle& container, const std::string& verb);
  Answer create(const HttpRequest& request);
  Answer start(const Handle& container);
  Answer kill(const Handle& container, const std::string& signal);
  Answer pause(const Handle& container, bool on);
  Answer update(const Handle& container, const Json& body);
  Answer remove(const Handle& container, bool force);
  Answer stats(const Container& container) const;
  Json inspected(const Container& container) const;
  Json list(const Json& filters) const;
  Handle find(const std::string& id);
  void tell(const Container& container, const std::string& action);

  void stream_events(const HttpRequest& request, Connection& connection);
  void stream_logs(const Handle& container, bool follow, Connection& connection);
  void wait_for(const Handle& container, Connection& connection);
  void keep(const Handle& container, int out, int err);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Handle> containers_;  ///< by id
  std::vector<Handle> removed_;
  std::vector<Json> events_;
  std::set<std::string> images_;
  std::vector<Fault> faults_;
  std::vector<HttpRequest> log_;
  uint64_t streams_epoch_ = 0;
  uint64_t next_id_ = 1;
  std::string api_newest_ = "1.41";
  std::string api_oldest_ = "1.12";
  bool closing_ = false;
  UnixServer server_;
};

}  // namespace orrery::live::testing_support
