#include "live/wire/mailroom.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/eventfd.h>
#include <type_traits>
#include <unistd.h>
#include <variant>

#include "actors/error.hpp"

namespace orrery::live {

static_assert(std::is_trivially_copyable_v<Envelope>, "envelopes wait without allocating");

Bell::Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw EnvironmentError(std::string("cannot make an eventfd: ") + strerror(errno));
}
Bell::~Bell() { ::close(fd_); }

void Bell::ring() {
  if (rung_.exchange(true)) return;
  uint64_t one = 1;
  // It can't fail: the counter is far from full, and the descriptor is ours.
  [[maybe_unused]] ssize_t written = ::write(fd_, &one, sizeof one);
}

void Bell::heard() {
  uint64_t count = 0;
  [[maybe_unused]] ssize_t got = ::read(fd_, &count, sizeof count);
  // Who rings between these two lines has posted before, and is found by who looks afterwards.
  rung_.store(false);
}

bool is_repeated(const Message& message) {
  return !std::holds_alternative<SubmitJob>(message) && !std::holds_alternative<CancelJob>(message);
}

bool MailQueue::drop_oldest_repeated() {
  for (size_t i = 0; i < count_; ++i) {
    if (!is_repeated(at(i).message)) continue;
    for (; i > 0; --i) at(i) = at(i - 1);
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return true;
  }
  return false;
}

Posted MailQueue::push(const Envelope& envelope, size_t bound) {
  Posted posted = Posted::kQueued;
  if (count_ >= bound) {
    if (!is_repeated(envelope.message) || !drop_oldest_repeated()) return Posted::kFull;
    posted = Posted::kOldestDropped;
  }
  if (count_ == ring_.size()) {
    constexpr size_t kFirst = 64;
    std::vector<Envelope> larger;
    larger.reserve(std::min(std::max(kFirst, 2 * count_), std::max<size_t>(bound, 1)));
    for (size_t i = 0; i < count_; ++i) larger.push_back(at(i));
    larger.resize(larger.capacity());
    ring_ = std::move(larger);
    first_ = 0;
  }
  at(count_++) = envelope;
  return posted;
}

size_t MailQueue::take(std::vector<Envelope>& out, size_t most) {
  size_t taken = std::min(most, count_);
  for (size_t i = 0; i < taken; ++i) out.push_back(at(i));
  count_ -= taken;
  first_ = count_ == 0 ? 0 : (first_ + taken) % ring_.size();
  return taken;
}

void Mailroom::open(PeerId peer) {
  std::lock_guard lock(mutex_);
  boxes_[peer.value];
}

size_t Mailroom::close(PeerId peer) {
  std::lock_guard lock(mutex_);
  auto box = boxes_.find(peer.value);
  if (box == boxes_.end()) return 0;
  size_t left = box->second.queue.size();
  boxes_.erase(box);
  return left;
}

Posted Mailroom::post(PeerId peer, const Envelope& envelope) {
  bool first = false;
  Posted posted = Posted::kQueued;
  {
    std::lock_guard lock(mutex_);
    auto box = boxes_.find(peer.value);
    if (box == boxes_.end()) return Posted::kNoSuchPeer;
    posted = box->second.queue.push(envelope, bound_);
    if (posted == Posted::kQueued && !box->second.told) {
      box->second.told = first = true;
      ready_.push_back(peer);
    }
  }
  if (first) bell_.ring();
  return posted;
}

size_t Mailroom::take(PeerId peer, std::vector<Envelope>& out, size_t most) {
  std::lock_guard lock(mutex_);
  auto box = boxes_.find(peer.value);
  if (box == boxes_.end()) return 0;
  size_t taken = box->second.queue.take(out, most);
  if (box->second.queue.empty()) box->second.told = false;
  return taken;
}

void Mailroom::ready(std::vector<PeerId>& out) {
  out.clear();
  std::lock_guard lock(mutex_);
  out.swap(ready_);
}

}  // namespace orrery::live
