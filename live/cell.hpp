// Cell: the CAF actor behind a slot. In a file of its own, and doing nothing else, so that the
// thread sanitizer can be told of it (tests/live/tsan.supp).
#pragma once

#include "live/cells.hpp"

namespace orrery::live {

class Cell final : public caf::event_based_actor {
 public:
  Cell(caf::actor_config& config, Runtime::Cells& cells, Slot& slot)
      : caf::event_based_actor(config), cells_(cells), slot_(slot) {}

  caf::behavior make_behavior() override {
    return {[this](const Envelope& envelope) { cells_.handle(slot_, envelope); }};
  }

 private:
  Runtime::Cells& cells_;
  Slot& slot_;
};

}  // namespace orrery::live
