// Connection: one client's socket, with an end to its patience, as cpp-httplib reads and writes it.
//
// The library bounds neither the time of a request nor the size of its head, and reads a head byte
// by byte. So the head is taken in here, whole, before the library sees any of it.
#pragma once

#include <atomic>
#include <chrono>
#include <httplib.h>
#include <string>

#include "live/drivers/fd.hpp"

namespace orrery::live::api {

/// Largest head of a request (its first line and headers) and of one line of it, in bytes.
inline constexpr size_t kHeadBytes = 16 * 1024;
inline constexpr size_t kLineBytes = 4 * 1024;

class Connection : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  /// Gives up when `stopping` turns true while the client is still sending.
  Connection(UniqueFd socket, std::chrono::milliseconds receive, std::chrono::milliseconds send,
             const std::atomic<bool>& stopping);

  enum class Head : uint8_t {
    kWhole,
    kNone,    ///< the client said nothing, or went away in the middle
    kBroken,  ///< a line that does not end as HTTP's do
    kTooLong,
    kTooSlow,
  };
  /// Takes in the head; to be called first.
  Head read_head();
  /// Sends bytes as they are, as far as the client takes them.
  void send_all(std::string_view bytes);
  /// Ends the connection so that a client that is still sending sees the answer.
  void finish();
  /// The client's address, without port.
  const std::string& from() const { return from_; }
  /// True where the client took too long over its request.
  bool timed_out() const { return timed_out_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  /// Never the real one: the library refuses those above 1023, and uses none.
  socket_t socket() const override { return 0; }

 private:
  /// Waits until the socket is ready for `events`; false at the end of patience.
  bool await(short events, Clock::time_point until);
  ssize_t receive(char* into, size_t size);

  UniqueFd socket_;
  Clock::time_point receive_until_;
  std::chrono::milliseconds send_;
  Clock::time_point send_until_{};
  const std::atomic<bool>& stopping_;
  std::string head_;
  size_t taken_ = 0;     // of head_, by the library
  size_t received_ = 0;  // bytes behind the head
  bool timed_out_ = false;
  std::string from_;
};

}  // namespace orrery::live::api
