// NodeAgent: runs the containers of one node for the controller.
//
// Over a network that loses, repeats and reorders mail, it starts a part at most once: it remembers
// what it was told until the controller has confirmed the end, and the keys of the last parts that
// are confirmed, so that a late copy of an old command finds no taker. That a part runs, its
// container tells the controller itself.
//
// It may be new on a node where containers run already: the world reports each (ContainerAdopted)
// before NodeBooted. With each NodeReady it says what it holds, so that the controller's ledger and
// the node agree again whatever was missed.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/actor.hpp"

namespace orrery {

class NodeAgent final : public Actor {
 public:
  /// `resend` > 0: repeat what the controller has not confirmed this often.
  /// `boot`: of the node, where it is up already.
  NodeAgent(NodeId node, Duration resend, uint32_t boot = 0)
      : node_(node), resend_(resend), boot_(boot) {}

  void step(Instant now, const Input& input, Outbox& out) override;
  std::unique_ptr<Actor> clone() const override { return std::make_unique<NodeAgent>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [node, resend, boot, welcomed, resend_armed, entries, unused, confirmed, oldest] = self;
    state(boot, welcomed, resend_armed, entries, unused, confirmed, oldest);
  }

 private:
  enum Timer : uint8_t { kResend };
  struct Entry {
    JobId job;
    Epoch epoch = 0;
    uint32_t part = 0;
    bool used = false;
    bool ended = false;  // its container is gone, its end not confirmed
    bool suspended = false;
    TaskEnded end;
  };
  struct Key {
    JobId job;
    Epoch epoch = 0;
    uint32_t part = 0;
    bool operator==(const Key&) const = default;
  };

  void receive(Instant now, const Delivery& mail, Outbox& out);
  void hear(Instant now, const Report& report, Outbox& out);
  [[gnu::cold]] void adopt(const ContainerAdopted& what, Outbox& out);
  [[gnu::cold]] void check(const CheckTask& what, Outbox& out);
  [[gnu::cold]] void announce(Instant now, Outbox& out);
  uint32_t enter(JobId job, Epoch epoch, uint32_t part, Outbox& out);
  void start(const StartTask& what, Outbox& out);
  [[gnu::noinline]] void stop(const StopTask& what, Outbox& out);
  void ended(uint32_t serial, const TaskEnded& what, Instant now, Outbox& out);
  [[gnu::noinline]] void confirm(const EndSeen& what);
  void remember(Key over);
  [[gnu::cold]] void resend(Instant now, Outbox& out);
  void watch(Instant now, Outbox& out);
  Entry* find(JobId job, Epoch epoch, uint32_t part);
  Entry* find_suspended(JobId job, uint32_t part);
  bool lossy() const { return resend_.ns > 0; }
  uint32_t serial_of(const Entry& entry) const {
    return static_cast<uint32_t>(&entry - entries_.data()) + 1;
  }

  NodeId node_;
  Duration resend_;
  uint32_t boot_ = 0;
  bool welcomed_ = true;
  bool resend_armed_ = false;
  std::vector<Entry> entries_;    // entry i belongs to the container i + 1
  std::vector<uint32_t> unused_;  // indices of entries that are not used
  std::vector<Key> confirmed_;    // the last parts that are over, on a lossy network only
  size_t oldest_ = 0;             // of confirmed_, once it is full
};

}  // namespace orrery
