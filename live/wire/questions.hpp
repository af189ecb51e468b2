// Questions: what a gateway was asked and has asked, outside the actors, and the frames about it
// that wait for their connections.
//
// A question has one end: an answer, or word that there is none because the peer was lost or took
// too long. Any thread asks and answers; the rest is for the gateway's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "live/wire/frames.hpp"
#include "live/wire/mailroom.hpp"

namespace orrery::live {

class Questions {
 public:
  /// Questions to one peer, or from it, that are open at once, at most.
  static constexpr size_t kMostOpen = 64;

  struct Asked {
    PeerId peer;
    uint64_t id = 0;
  };

  /// 0 where nobody can be asked that now; otherwise the number that its end will bear. Instants
  /// here are nanoseconds of any one clock; all questions are given equally long.
  uint64_t ask(PeerId peer, std::string_view what, std::string_view body, int64_t expires_at);
  /// False when nobody waits for it. A body that is too long makes it "no", with the reason.
  bool answer(PeerId peer, uint64_t id, bool ok, std::string_view body);

  /// A session begins; `asks`: this side asks and the other answers, otherwise the reverse.
  void open(PeerId peer, bool asks);
  /// It is over. Returns the questions that have had no end.
  std::vector<uint64_t> close(PeerId peer);
  /// A question came under the peer's number for it. Returns ours, which is never used twice, so
  /// that an answer for one session cannot get into another. The peer's session has begun.
  uint64_t came(PeerId peer, uint64_t theirs);
  /// An answer came: true when its question was open, which it is not any more.
  bool settle(PeerId peer, uint64_t id);
  /// The open questions whose time is over, which are not open any more.
  std::vector<Asked> expire(int64_t now);
  /// The next frame for that peer; false when none waits.
  bool next(PeerId peer, zmq::message_t& frame);
  /// Puts behind those in `out` the peers for whom frames have begun to wait since the last call.
  void ready(std::vector<PeerId>& out);

 private:
  struct Open {
    uint64_t id = 0;      ///< of this gateway
    uint64_t theirs = 0;  ///< of the peer that asked
    int64_t expires_at = 0;
  };
  struct Waiting {
    uint64_t id = 0;
    std::string frame;
  };
  struct Desk {
    bool asks = false;
    std::deque<Open> open;  ///< oldest first
    std::deque<Waiting> out;
    bool told = false;  ///< it stands among the ready ones, or its taker knows of it
  };

  Desk* desk_of(PeerId peer);
  void put(Desk& desk, PeerId peer, uint64_t id, const Frame& frame);

  std::mutex mutex_;
  uint64_t last_ = 0;
  std::map<uint64_t, Desk> desks_;
  std::vector<PeerId> ready_;
};

}  // namespace orrery::live
