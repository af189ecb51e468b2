#include "live/api/connection.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace orrery::live::api {

namespace {

using std::chrono::milliseconds;

/// What is read and thrown away of a body that is too large, so that its sender sees the answer.
constexpr size_t kMostReceived = size_t{8} << 20U;
constexpr milliseconds kGlance{100};       // between two looks at whether to stop
constexpr milliseconds kLinger{500};       // for a client to take an answer that it did not await
constexpr milliseconds kSendOnStop{1000};  // for answers under way

std::string address_of(const sockaddr_storage& about) {
  char text[INET6_ADDRSTRLEN] = "";
  if (about.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(about);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  } else if (about.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(about);
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
  }
  return text;
}

}  // namespace

Connection::Connection(UniqueFd socket, milliseconds receive, milliseconds send,
                       const std::atomic<bool>& stopping)
    : socket_(std::move(socket)),
      receive_until_(Clock::now() + receive),
      send_(send),
      stopping_(stopping) {
  sockaddr_storage about{};
  socklen_t size = sizeof about;
  if (::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&about), &size) == 0) {
    from_ = address_of(about);
  }
}

bool Connection::await(short events, Clock::time_point until) {
  const bool sending = events == POLLOUT;
  for (;;) {
    const auto now = Clock::now();
    if (stopping_ && !sending) return false;
    if (stopping_ && sending) until = std::min(until, now + kSendOnStop);
    if (now >= until) {
      timed_out_ = timed_out_ || !sending;
      return false;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - now);
    pollfd poll{socket_.get(), events, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(std::min(left, kGlance).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

ssize_t Connection::receive(char* into, size_t size) {
  for (;;) {
    if (!await(POLLIN, receive_until_)) return -1;
    const ssize_t n = ::recv(socket_.get(), into, size, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return n;
  }
}

Connection::Head Connection::read_head() {
  char block[4096];
  size_t line = 0;  // where the current line begins
  for (;;) {
    const ssize_t n = receive(block, std::min(sizeof block, kHeadBytes + 1 - head_.size()));
    if (n <= 0) return timed_out_ && !head_.empty() ? Head::kTooSlow : Head::kNone;
    size_t at = head_.size();
    head_.append(block, static_cast<size_t>(n));
    for (; at < head_.size(); ++at) {
      if (at - line > kLineBytes) return Head::kTooLong;
      if (head_[at] != '\n') continue;
      if (at == line || head_[at - 1] != '\r') return Head::kBroken;
      // An empty line ends the head. What follows is the body's, and counts as that.
      if (at == line + 1) {
        received_ = head_.size() - at - 1;
        return Head::kWhole;
      }
      line = at + 1;
    }
    if (head_.size() > kHeadBytes) return Head::kTooLong;
  }
}

ssize_t Connection::read(char* into, size_t size) {
  if (taken_ < head_.size()) {
    const size_t n = std::min(size, head_.size() - taken_);
    std::memcpy(into, head_.data() + taken_, n);
    taken_ += n;
    return static_cast<ssize_t>(n);
  }
  if (received_ >= kMostReceived) return -1;
  const ssize_t n = receive(into, size);
  if (n > 0) received_ += static_cast<size_t>(n);
  return n;
}

ssize_t Connection::write(const char* from, size_t size) {
  // The time runs from the first byte of the answer on.
  if (send_until_ == Clock::time_point{}) send_until_ = Clock::now() + send_;
  for (;;) {
    if (!await(POLLOUT, send_until_)) return -1;
    const ssize_t n = ::send(socket_.get(), from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return n;
  }
}

void Connection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(bytes.data(), bytes.size());
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void Connection::finish() {
  // A socket that is closed with bytes unread tells its client of a broken connection, and the
  // answer may be lost on the way.
  ::shutdown(socket_.get(), SHUT_WR);
  char block[4096];
  size_t thrown = 0;
  receive_until_ = Clock::now() + kLinger;
  while (thrown < kMostReceived) {
    const ssize_t n = receive(block, sizeof block);
    if (n <= 0) break;
    thrown += static_cast<size_t>(n);
  }
  socket_.reset();
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = from_;
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace orrery::live::api
