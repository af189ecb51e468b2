#include "live/wire/questions.hpp"

#include <algorithm>
#include <utility>

#include "live/wire/codec.hpp"
#include "live/wire/reader.hpp"

namespace orrery::live {

// A frame holds the longest body, the longest text and the names of the fields.
static_assert(kMostAnswerBytes + kMostControlText + 256 <= kMostFrameBytes);

Questions::Desk* Questions::desk_of(PeerId peer) {
  auto found = desks_.find(peer.value);
  return found == desks_.end() ? nullptr : &found->second;
}

void Questions::put(Desk& desk, PeerId peer, uint64_t id, const Frame& frame) {
  desk.out.push_back({id, encode_frame(frame)});
  if (!desk.told) ready_.push_back(peer);
  desk.told = true;
}

uint64_t Questions::ask(PeerId peer, std::string_view what, std::string_view body,
                        int64_t expires_at) {
  const bool sayable = !what.empty() && what.size() <= kMostControlText && is_plain_text(what) &&
                       body.size() <= kMostAnswerBytes;
  std::lock_guard lock(mutex_);
  Desk* desk = desk_of(peer);
  if (!sayable || desk == nullptr || !desk->asks || desk->open.size() >= kMostOpen) return 0;
  Frame frame;
  frame.kind = FrameKind::kAsk;
  frame.id = ++last_;
  frame.what = what;
  frame.body = body;
  desk->open.push_back({frame.id, frame.id, expires_at});
  put(*desk, peer, frame.id, frame);
  return frame.id;
}

bool Questions::answer(PeerId peer, uint64_t id, bool ok, std::string_view body) {
  std::lock_guard lock(mutex_);
  Desk* desk = desk_of(peer);
  if (desk == nullptr || desk->asks) return false;
  auto open =
      std::find_if(desk->open.begin(), desk->open.end(), [&](const Open& o) { return o.id == id; });
  if (open == desk->open.end()) return false;
  Frame frame;
  frame.kind = FrameKind::kAnswer;
  frame.id = open->theirs;
  frame.ok = ok && body.size() <= kMostAnswerBytes;
  static const std::string kTooLong =
      "the answer is longer than " + std::to_string(kMostAnswerBytes) + " bytes; ask for less";
  frame.body = body.size() <= kMostAnswerBytes ? body : kTooLong;
  desk->open.erase(open);
  put(*desk, peer, id, frame);
  return true;
}

void Questions::open(PeerId peer, bool asks) {
  std::lock_guard lock(mutex_);
  desks_[peer.value].asks = asks;
}

std::vector<uint64_t> Questions::close(PeerId peer) {
  std::vector<uint64_t> left;
  std::lock_guard lock(mutex_);
  Desk* desk = desk_of(peer);
  if (desk == nullptr) return left;
  if (desk->asks) {
    for (const Open& open : desk->open) left.push_back(open.id);
  }
  desks_.erase(peer.value);
  return left;
}

uint64_t Questions::came(PeerId peer, uint64_t theirs) {
  std::lock_guard lock(mutex_);
  Desk* desk = desk_of(peer);
  if (desk == nullptr || desk->asks) return 0;
  // The peer has no more than that open: it has given up the oldest, answered here or not.
  if (desk->open.size() + desk->out.size() >= kMostOpen) {
    if (desk->open.empty() ||
        (!desk->out.empty() && desk->out.front().id < desk->open.front().id)) {
      desk->out.pop_front();
    } else {
      desk->open.pop_front();
    }
  }
  desk->open.push_back({++last_, theirs, 0});
  return last_;
}

bool Questions::settle(PeerId peer, uint64_t id) {
  std::lock_guard lock(mutex_);
  Desk* desk = desk_of(peer);
  if (desk == nullptr || !desk->asks) return false;
  return std::erase_if(desk->open, [&](const Open& o) { return o.id == id; }) != 0;
}

std::vector<Questions::Asked> Questions::expire(int64_t now) {
  std::vector<Asked> over;
  std::lock_guard lock(mutex_);
  for (auto& [peer, desk] : desks_) {
    // All wait equally long, so the oldest is the first whose time is over.
    while (desk.asks && !desk.open.empty() && desk.open.front().expires_at <= now) {
      const uint64_t id = desk.open.front().id;
      over.push_back({{peer}, id});
      desk.open.pop_front();
      std::erase_if(desk.out, [&](const Waiting& w) { return w.id == id; });
    }
  }
  return over;
}

bool Questions::next(PeerId peer, zmq::message_t& frame) {
  std::lock_guard lock(mutex_);
  Desk* desk = desk_of(peer);
  if (desk == nullptr) return false;
  if (desk->out.empty()) {
    desk->told = false;
    return false;
  }
  const std::string& bytes = desk->out.front().frame;
  frame.rebuild(bytes.data(), bytes.size());
  desk->out.pop_front();
  return true;
}

void Questions::ready(std::vector<PeerId>& out) {
  std::lock_guard lock(mutex_);
  out.insert(out.end(), ready_.begin(), ready_.end());
  ready_.clear();
}

}  // namespace orrery::live
