// Container: one container of a gang, from the command to start it to its end. The actor then waits
// for the next one that its agent gives it.
#pragma once

#include "actors/actor.hpp"

namespace orrery {

class Container final : public Actor {
 public:
  void step(Instant now, const Input& input, Outbox& out) override;
  std::unique_ptr<Actor> clone() const override { return std::make_unique<Container>(*this); }
  bool save(StateWriter& to) const override;
  void load(StateReader& from) override;

  static void members(auto& self, auto& state) {
    auto& [agent, job, epoch, part, phase] = self;
    state(agent, job, epoch, part, phase);
  }

 private:
  enum class Phase : uint8_t { kNew, kStarting, kRunning, kStopping, kSuspended, kEnded };

  void receive(const Delivery& mail, Outbox& out);
  void hear(const Report& report, Outbox& out);

  ActorId agent_;
  JobId job_;
  Epoch epoch_ = 0;
  uint32_t part_ = 0;
  Phase phase_ = Phase::kNew;
};

}  // namespace orrery
