// What the parts of a gateway share: configuration, counters, the mailroom, the rules of sending.
// Everything here but the counters, the mailroom, the newsroom and the questions belongs to the
// gateway's thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "live/wire/codec.hpp"
#include "live/wire/frames.hpp"
#include "live/wire/gateway.hpp"
#include "live/wire/mailroom.hpp"
#include "live/wire/questions.hpp"

namespace orrery::live {

using WireClock = std::chrono::steady_clock;
using WireTime = WireClock::time_point;

/// Of WireClock, as Questions count.
inline int64_t nanoseconds_at(WireTime at) {
  return std::chrono::nanoseconds(at.time_since_epoch()).count();
}
inline std::chrono::nanoseconds span_of(Duration d) { return std::chrono::nanoseconds(d.ns); }
/// For a socket option, at least 1.
inline int milliseconds_of(Duration d) {
  return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(d.ns / 1'000'000, INT32_MAX)));
}

/// GatewayCounters while they count.
class Count {
 public:
  void add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};
struct Counts {
  Count sent, received, dropped_oldest, refused_full, dropped_gone, unsendable, undecodable,
      unknown, forbidden, frames_sent, frames_received, malformed, strangers, refused_peers,
      reconnects, losses, news_sent, news_dropped, news_missed, asked, answered, unanswered,
      stray_answers;
  GatewayCounters read() const;
};

/// News on their way to the gateway's thread.
class Newsroom {
 public:
  /// False when the oldest had to go.
  bool post(std::string topic, std::string body);
  std::deque<News> take();

 private:
  static constexpr size_t kMost = 1024;
  std::mutex mutex_;
  std::deque<News> waiting_;
  uint64_t sequence_ = 0;
};

struct Core {
  Core(GatewayConfig c, GatewayEvents e)
      : config(std::move(c)), events(std::move(e)), mailroom(config.queue) {}

  /// Tells the operator, at most ten times a second.
  void trouble(std::string_view text);
  PeerId new_peer() { return {++last_peer}; }

  GatewayConfig config;
  GatewayEvents events;
  zmq::context_t context{1};
  Mailroom mailroom;
  Newsroom newsroom;
  Questions questions;
  Counts counts;
  MailEncoder encoder;
  uint64_t incarnation = 0;
  WireTime now = WireClock::now();  ///< of this turn of the loop

 private:
  uint64_t last_peer = 0;
  WireTime trouble_since{};
  int troubles = 0;
};

/// The way of mail and of questions and answers to one peer. Envelopes leave the mailroom in
/// batches and stay here until the frame that carries them is accepted by the socket, so that an
/// end of the session loses none.
class Lane {
 public:
  explicit Lane(PeerId peer) : peer_(peer) {}

  enum class Flow : uint8_t {
    kIdle,     ///< nothing left to send
    kMore,     ///< this turn's share is sent, more waits
    kBlocked,  ///< the socket takes no more now
    kGone,     ///< the connection is not there any more
  };
  enum class Taken : uint8_t { kYes, kNotNow, kGone };

  /// `take`: Taken(zmq::message_t&), hands a frame to the socket; the message is untouched unless
  /// it was taken. A turn sends some frames of mail and one about a question, which may be large;
  /// they take turns at going first, so that neither starves where one frame finds room at a time.
  template <class Take>
  Flow flush(Core& core, Take take) {
    mail_first_ = !mail_first_;
    Flow first = mail_first_ ? flush_mail(core, take) : flush_question(core, take);
    if (first == Flow::kBlocked || first == Flow::kGone) return first;
    Flow second = mail_first_ ? flush_question(core, take) : flush_mail(core, take);
    return second == Flow::kIdle ? first : second;
  }
  /// A new session: the peer may have forgotten every spec.
  void restart() {
    known_.clear();
    in_frame_ = 0;
    asking_ = false;
  }
  void send_again(const std::vector<JobId>& jobs) {
    for (JobId job : jobs) known_.remove(job);
  }
  PeerId peer() const { return peer_; }
  size_t staged() const { return staged_.size() - staged_at_; }

 private:
  static constexpr int kFramesPerTurn = 8;
  static constexpr size_t kBatch = 1024;

  template <class Take>
  Flow flush_mail(Core& core, Take& take) {
    for (int frames = 0; frames < kFramesPerTurn; ++frames) {
      if (!prepare(core)) return Flow::kIdle;
      switch (take(frame_)) {
        case Taken::kNotNow: return Flow::kBlocked;
        case Taken::kGone: return Flow::kGone;
        case Taken::kYes: sent(core); break;
      }
    }
    return Flow::kMore;
  }
  template <class Take>
  Flow flush_question(Core& core, Take& take) {
    if (!asking_) asking_ = core.questions.next(peer_, question_);
    if (!asking_) return Flow::kIdle;
    Taken taken = take(question_);
    if (taken != Taken::kYes) return taken == Taken::kNotNow ? Flow::kBlocked : Flow::kGone;
    asking_ = false;
    core.counts.frames_sent.add();
    return Flow::kMore;
  }
  bool prepare(Core& core);
  void sent(Core& core);

  PeerId peer_;
  KnownSpecs known_;
  std::vector<Envelope> staged_;
  size_t staged_at_ = 0;  ///< those before it are sent
  size_t in_frame_ = 0;   ///< how many from there on the frame was made of; 0: there is no frame
  uint64_t mail_in_frame_ = 0;
  zmq::message_t frame_;
  bool mail_first_ = false;
  bool asking_ = false;  ///< `question_` is one that waits for the socket
  zmq::message_t question_;
};

/// True when mail of that kind may come from a peer of that role, from that actor to that one.
bool may_send(const Peer& peer, const Envelope& envelope);

/// Options that every socket gets.
void set_common_options(zmq::socket_t& socket, const GatewayConfig& config);

inline std::string_view view_of(const zmq::message_t& message) {
  return {static_cast<const char*>(message.data()), message.size()};
}

/// How long a peer may be silent. While frames wait to be taken in, as after a stall of this
/// process, its word may be among them.
inline std::chrono::nanoseconds patience_of(const GatewayConfig& config, bool drained) {
  return span_of(config.lost_after) * (drained ? 1 : 4);
}

/// Throws InputError unless the endpoint is local, or there are keys, or `plain` asks for it.
void check_security(const std::string& endpoint, bool has_keys, bool plain);

}  // namespace orrery::live
