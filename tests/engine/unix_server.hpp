// UnixServer: HTTP/1.1 over a unix socket for tests, one request a connection, one thread each.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace orrery::live::testing_support {

struct HttpRequest {
  std::string method;
  std::string path;                          ///< without the query
  std::map<std::string, std::string> query;  ///< decoded
  std::string body;
};

class UnixServer {
 public:
  /// What a handler writes its answer to.
  class Connection {
   public:
    Connection(UnixServer& server, int fd) : server_(server), fd_(fd) {}
    /// False when the client is gone.
    bool send(std::string_view bytes);
    bool answer(int status, std::string_view body);
    /// The head of an answer whose body is what follows until the connection ends.
    bool begin_stream();
    /// True when the client has closed, or this server stops serving.
    bool over() const;

   private:
    UnixServer& server_;
    int fd_;
  };
  using Handler = std::function<void(const HttpRequest&, Connection&)>;

  UnixServer(std::filesystem::path socket, Handler handler);
  ~UnixServer() { stop(); }
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  void serve();
  /// Nobody listens any more, and all connections are cut.
  void stop();
  const std::filesystem::path& socket() const { return socket_; }

 private:
  struct Worker {
    int fd;
    std::thread thread;
    std::atomic<bool> done = false;
  };

  void accept_all();
  void talk(Worker& worker);
  void reap(bool all);

  std::filesystem::path socket_;
  Handler handler_;
  int listener_ = -1;
  std::atomic<bool> stopping_ = true;
  std::thread acceptor_;
  std::mutex mutex_;
  std::list<Worker> workers_;
};

}  // namespace orrery::live::testing_support
