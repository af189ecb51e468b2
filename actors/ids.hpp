// Names of things: small integers, dense from zero, one type each so that they cannot be mixed up.
#pragma once

#include <compare>
#include <cstdint>

namespace orrery {

/// A job's index in the workload, in order of submission (ties in the order of the input).
struct JobId {
  uint32_t index = UINT32_MAX;
  constexpr auto operator<=>(const JobId&) const = default;
  constexpr bool valid() const { return index != UINT32_MAX; }
};

/// A node's index in the cluster.
struct NodeId {
  uint32_t index = UINT32_MAX;
  constexpr auto operator<=>(const NodeId&) const = default;
};

/// Where an actor lives and which one it is there.
///
/// Place 0 is the controller's host; place n + 1 is node n. Serial 0 of a place is its chief actor
/// (controller, node agent); containers have the serials that their agent gives them, from 1.
struct ActorId {
  uint32_t place = 0;
  uint32_t serial = 0;
  constexpr auto operator<=>(const ActorId&) const = default;
};

inline constexpr ActorId kController{0, 0};
constexpr ActorId agent_of(NodeId node) { return {node.index + 1, 0}; }
constexpr NodeId node_of(ActorId actor) { return {actor.place - 1}; }

/// Which start of a job this is, from 1; every start, restart or resume raises it. A message about
/// an older epoch is stale and changes nothing.
using Epoch = uint32_t;

}  // namespace orrery
