#include "tests/engine/unix_server.hpp"

#include <charconv>
#include <cstring>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace orrery::live::testing_support {
namespace {

std::string decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ec == std::errc()) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

void take_target(std::string_view target, HttpRequest& request) {
  const size_t mark = target.find('?');
  request.path = decoded(target.substr(0, mark));
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const size_t equals = std::min(pair.find('='), pair.size());
    request.query[decoded(pair.substr(0, equals))] =
        equals < pair.size() ? decoded(pair.substr(equals + 1)) : "";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

/// Reads one request; nothing when the client sends none.
std::optional<HttpRequest> read_request(int fd) {
  std::string bytes;
  char piece[16384];
  const auto more = [&] {
    const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
    if (got > 0) bytes.append(piece, static_cast<size_t>(got));
    return got > 0;
  };
  size_t head = std::string::npos;
  while ((head = bytes.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return std::nullopt;
  }
  HttpRequest request;
  const std::string_view first(bytes.data(), bytes.find("\r\n"));
  const size_t space = first.find(' ');
  request.method = std::string(first.substr(0, space));
  take_target(first.substr(space + 1, first.rfind(' ') - space - 1), request);
  const std::string heading = bytes.substr(0, head);
  const size_t length_at = heading.find("Content-Length: ");
  bytes.erase(0, head + 4);
  if (heading.find("Transfer-Encoding: chunked") != std::string::npos) {
    while (!bytes.ends_with("0\r\n\r\n")) {
      if (!more()) return std::nullopt;
    }
  } else if (length_at != std::string::npos) {
    size_t length = 0;
    std::from_chars(heading.data() + length_at + 16, heading.data() + heading.size(), length);
    while (bytes.size() < length) {
      if (!more()) return std::nullopt;
    }
  }
  request.body = std::move(bytes);
  return request;
}

}  // namespace

bool UnixServer::Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool UnixServer::Connection::answer(int status, std::string_view body) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Said\r\nConnection: close\r\n";
  // 204 and 304 have no body, not even an empty one.
  if (status != 204 && status != 304) {
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  text += "\r\n";
  if (status != 204 && status != 304) text += body;
  return send(text);
}

bool UnixServer::Connection::begin_stream() {
  return send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n");
}

bool UnixServer::Connection::over() const {
  if (server_.stopping_) return true;
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

UnixServer::UnixServer(std::filesystem::path socket, Handler handler)
    : socket_(std::move(socket)), handler_(std::move(handler)) {}

void UnixServer::serve() {
  std::filesystem::remove(socket_);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener_, 128), 0);
  stopping_ = false;
  acceptor_ = std::thread([this] { accept_all(); });
}

void UnixServer::stop() {
  if (stopping_.exchange(true)) return;
  acceptor_.join();
  ::close(listener_);
  std::filesystem::remove(socket_);
  {
    const std::lock_guard lock(mutex_);
    for (Worker& worker : workers_) ::shutdown(worker.fd, SHUT_RDWR);
  }
  reap(/*all=*/true);
}

void UnixServer::accept_all() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, 20) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    reap(/*all=*/false);
    const std::lock_guard lock(mutex_);
    Worker& worker = workers_.emplace_back();
    worker.fd = fd;
    worker.thread = std::thread([this, &worker] { talk(worker); });
  }
}

void UnixServer::talk(Worker& worker) {
  Connection connection(*this, worker.fd);
  if (const auto request = read_request(worker.fd)) handler_(*request, connection);
  ::shutdown(worker.fd, SHUT_RDWR);
  worker.done = true;
}

void UnixServer::reap(bool all) {
  std::list<Worker> done;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = workers_.begin(); at != workers_.end();) {
      const auto next = std::next(at);
      if (all || at->done) done.splice(done.end(), workers_, at);
      at = next;
    }
  }
  for (Worker& worker : done) {
    worker.thread.join();
    ::close(worker.fd);
  }
}

}  // namespace orrery::live::testing_support
