#include "live/api/server.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <httplib.h>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include "actors/error.hpp"
#include "live/api/connection.hpp"
#include "live/api/router.hpp"
#include "live/drivers/fd.hpp"

namespace orrery::live {

namespace {

using api::Answer;
using api::Connection;
using api::Fault;

struct Address {
  sockaddr_storage about{};
  socklen_t size = 0;
  bool loopback = false;
  bool v6 = false;
};

Address address_of(const std::string& text, uint16_t port) {
  Address address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.about);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.about);
  const std::string plain = text == "localhost" ? "127.0.0.1" : text;
  if (::inet_pton(AF_INET, plain.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof v4;
    address.loopback = (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  } else if (::inet_pton(AF_INET6, plain.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.size = sizeof v6;
    address.v6 = true;
    address.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  } else {
    throw InputError({"the address of the HTTP interface", 0, 0, "an IPv4 or IPv6 address",
                      "\"" + text + "\"", "for example 127.0.0.1"});
  }
  return address;
}

UniqueFd listener_at(const ApiConfig& config, const Address& address, uint16_t& port) {
  const std::string where = config.address + " port " + std::to_string(config.port);
  auto fail = [&] {
    return EnvironmentError("the HTTP interface cannot listen at " + where + ": " +
                            std::strerror(errno) +
                            (errno == EADDRINUSE ? "; is another controller running?" : ""));
  };
  UniqueFd fd(::socket(address.about.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw fail();
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (address.v6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  const auto* about = reinterpret_cast<const sockaddr*>(&address.about);
  constexpr int kBacklog = 128;
  if (::bind(fd.get(), about, address.size) != 0 || ::listen(fd.get(), kBacklog) != 0) throw fail();
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) throw fail();
  // The port stands at the same place in both kinds of address.
  port = ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  return fd;
}

/// An answer to what never became a request.
std::string raw_answer(const Fault& fault, const char* phrase) {
  const std::string body = fault.body();
  return "HTTP/1.1 " + std::to_string(fault.status()) + " " + phrase +
         "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

Fault broken_request() {
  return Fault::bad("the request",
                    {"a whole request of HTTP/1.1", "something else, or a part of one",
                     "docs/http-api.md shows some"});
}

void fill(httplib::Response& response, const Answer& answer) {
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.set_header(name, value);
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Cache-Control", "no-store");
  response.set_content(answer.body, answer.type);
}

}  // namespace

/// The library's server without its sockets and threads: it takes requests from Connections.
class Requests : public httplib::Server {
 public:
  explicit Requests(api::Router& router) : router_(router) {
    const Handler handler = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
    };
    const char* all = ".*";
    Get(all, handler).Post(all, handler).Put(all, handler).Patch(all, handler);
    Delete(all, handler).Options(all, handler);
    set_payload_max_length(api::kBodyBytes);
    set_error_handler(
        HandlerWithResponse([](const httplib::Request& request, httplib::Response& response) {
          if (!response.body.empty()) return HandlerResponse::Unhandled;
          explain(request, response);
          return HandlerResponse::Handled;
        }));
  }

  void serve(Connection& connection) {
    bool closed = false;
    process_request(connection, true, closed, [](httplib::Request& request) { prepare(request); });
  }

 private:
  static constexpr const char* kCoded = "Orrery-Coded";

  /// Takes from a request what the library would do more with than hand it on.
  static void prepare(httplib::Request& request) {
    request.ranges.clear();
    request.headers.erase(kCoded);
    if (request.has_header("Content-Encoding")) {
      request.headers.erase("Content-Encoding");
      request.set_header(kCoded, "1");
    }
    // Forms and parts of forms would be taken apart.
    request.headers.erase("Content-Type");
    // Without a length the body would last until the client goes.
    if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
      request.set_header("Content-Length", "0");
    }
    // Paths are matched in router.cpp, of any length and with any bytes in them.
    request.path = "/";
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    api::Request asked{
        request.method, request.target,      request.get_header_value("Authorization"),
        request.body,   request.remote_addr, request.has_header(kCoded)};
    fill(response, router_.handle(asked));
  }

  /// What the library refused by itself.
  static void explain(const httplib::Request&, httplib::Response& response) {
    fill(response,
         answer_of(response.status == 413 ? Fault::bad("the body", {"at most 1 MiB", "more",
                                                                    "put large data into files"})
                                          : broken_request()));
  }

  api::Router& router_;
};

class ApiServer::Inside {
 public:
  Inside(const ApiConfig& config, Operations& operations)
      : limits_(config.limits),
        made_first_token_(!config.first_token.empty() &&
                          api::make_first_token(config.tokens, config.first_token)),
        tokens_(config.tokens),
        audit_(config.audit),
        router_(operations, tokens_, audit_),
        requests_(router_) {
    const Address address = address_of(config.address, config.port);
    if (!address.loopback && !config.beyond_loopback) {
      throw InputError({"the address of the HTTP interface", 0, 0,
                        "an address of this machine alone, such as 127.0.0.1", config.address,
                        "there is no TLS: put a proxy that has it before the interface, or allow "
                        "other addresses explicitly"});
    }
    listener_ = listener_at(config, address, port_);
    url_ = "http://" + (address.v6 ? "[" + config.address + "]" : config.address) + ":" +
           std::to_string(port_);
  }
  ~Inside() { stop(); }

  void start() {
    if (!threads_.empty()) return;
    threads_.emplace_back([this] { accept_all(); });
    for (uint32_t i = 0; i < limits_.threads; ++i) {
      threads_.emplace_back([this] { serve_all(); });
    }
  }

  void stop() {
    stopping_ = true;
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    listener_.reset();
    waiting_.clear();
  }

  uint16_t port() const { return port_; }
  const std::string& url() const { return url_; }
  bool made_first_token() const { return made_first_token_; }

 private:
  void accept_all() {
    constexpr int kGlance = 100;  // milliseconds between two looks at whether to stop
    while (!stopping_) {
      pollfd poll{listener_.get(), POLLIN, 0};
      if (::poll(&poll, 1, kGlance) <= 0) continue;
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd) {
        // Out of file descriptors or memory: others will give some back.
        if (errno != EAGAIN && errno != EINTR) {
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        continue;
      }
      take(std::move(fd));
    }
  }

  void take(UniqueFd fd) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() < limits_.waiting) {
        waiting_.push_back(std::move(fd));
        wake_.notify_one();
        return;
      }
    }
    static const std::string kFull = raw_answer(
        Fault(503, "unavailable", "too many requests at once", {"", "", "try again in a moment"}),
        "Service Unavailable");
    // Nobody waits for this client: what does not fit into the socket's buffer is lost.
    ::send(fd.get(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(fd.get(), SHUT_WR);
  }

  void serve_all() {
    for (;;) {
      UniqueFd fd;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, std::chrono::milliseconds(100),
                       [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        if (waiting_.empty()) continue;
        fd = std::move(waiting_.front());
        waiting_.pop_front();
      }
      try {
        Connection connection(std::move(fd), limits_.receive, limits_.send, stopping_);
        serve(connection);
        connection.finish();
      } catch (const std::exception&) {
        // Out of memory, or a header that the library stumbles over: this client's loss alone.
      }
    }
  }

  void serve(Connection& connection) {
    switch (connection.read_head()) {
      case Connection::Head::kNone: return;
      case Connection::Head::kWhole: return requests_.serve(connection);
      case Connection::Head::kBroken:
        return connection.send_all(raw_answer(broken_request(), "Bad Request"));
      case Connection::Head::kTooLong:
        return connection.send_all(raw_answer(
            Fault::bad("the head of the request",
                       {"at most 16 KiB and 4 KiB a line", "more", "send fewer headers"}),
            "Bad Request"));
      case Connection::Head::kTooSlow:
        return connection.send_all(raw_answer(
            Fault(408, "bad-request", "the request did not arrive in time"), "Request Timeout"));
    }
  }

  ApiLimits limits_;
  bool made_first_token_;
  api::Tokens tokens_;
  api::Audit audit_;
  api::Router router_;
  Requests requests_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::string url_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<UniqueFd> waiting_;
  std::vector<std::thread> threads_;
};

ApiServer::ApiServer(const ApiConfig& config, Operations& operations)
    : inside_(std::make_unique<Inside>(config, operations)) {}
ApiServer::~ApiServer() = default;
void ApiServer::start() { inside_->start(); }
void ApiServer::stop() { inside_->stop(); }
uint16_t ApiServer::port() const { return inside_->port(); }
std::string ApiServer::url() const { return inside_->url(); }
bool ApiServer::made_first_token() const { return inside_->made_first_token(); }

}  // namespace orrery::live
