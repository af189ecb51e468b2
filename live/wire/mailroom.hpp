// Mailroom: the bounded queues in which mail waits for its peers, and the bell that wakes the
// gateway. Any thread posts; the gateway's thread takes.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "live/wire/codec.hpp"

namespace orrery::live {

/// Names a peer of one gateway for as long as the gateway lives; never used twice.
struct PeerId {
  uint64_t value = 0;
  auto operator<=>(const PeerId&) const = default;
};

/// What became of an envelope.
enum class Posted : uint8_t {
  kQueued,
  kOldestDropped,  ///< queued, and an older one is gone
  kFull,           ///< not queued
  kNoSuchPeer,     ///< not queued
};

/// Wakes a thread that polls `fd`. However often it rings before that thread looks, it costs one
/// system call.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  int fd() const { return fd_; }
  void ring();
  /// To be called before looking for what the ringing was about.
  void heard();

 private:
  int fd_;
  std::atomic<bool> rung_{false};
};

/// True for mail that its sender repeats until it is answered; the rest are requests of people.
bool is_repeated(const Message& message);

/// First in, first out, of bounded length; grows as it needs to.
class MailQueue {
 public:
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  /// By the drop rule in gateway.hpp: kQueued, kOldestDropped or kFull.
  Posted push(const Envelope& envelope, size_t bound);
  /// Moves up to `most` behind those in `out`.
  size_t take(std::vector<Envelope>& out, size_t most);

 private:
  Envelope& at(size_t index) {
    index += first_;
    return ring_[index < ring_.size() ? index : index - ring_.size()];
  }
  bool drop_oldest_repeated();

  std::vector<Envelope> ring_;
  size_t first_ = 0;
  size_t count_ = 0;
};

class Mailroom {
 public:
  explicit Mailroom(size_t bound) : bound_(bound) {}

  void open(PeerId peer);
  /// Returns how many envelopes were thrown away.
  size_t close(PeerId peer);
  Posted post(PeerId peer, const Envelope& envelope);
  size_t take(PeerId peer, std::vector<Envelope>& out, size_t most);
  /// Replaces `out` by the peers whose queues have become other than empty since the last call.
  void ready(std::vector<PeerId>& out);
  Bell& bell() { return bell_; }

 private:
  struct Box {
    MailQueue queue;
    bool told = false;  ///< it stands among the ready ones, or its taker knows of it
  };

  const size_t bound_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Box> boxes_;
  std::vector<PeerId> ready_;
  Bell bell_;
};

}  // namespace orrery::live
