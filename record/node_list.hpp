// Node lists: which nodes a piece of a run held and how many tasks on each, packed into bytes.
//
// A list is a row of runs of neighbouring nodes with equally many tasks. A run is three varints
// (LEB128): gap + 1 from the node behind the previous run, nodes - 1, tasks a node. A zero ends the
// list. The report's page decodes the same bytes.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "actors/resources.hpp"

namespace orrery::record {

using Bytes = std::vector<uint8_t>;

inline void put_varint(Bytes& bytes, uint64_t value) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<uint8_t>(value));
}

/// Maps small numbers of either sign to small unsigned ones: 0, -1, 1, -2 ... to 0, 1, 2, 3 ...
inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

struct NodeRun {
  uint32_t first = 0;  ///< NodeId::index
  uint32_t last = 0;
  uint32_t tasks = 0;  ///< on each node

  bool operator==(const NodeRun&) const = default;
};

/// Appends `parts`, in any order; parts of one node are added up, parts without tasks left out.
void put_node_list(Bytes& bytes, std::span<const Part> parts);

/// Reads the runs of a list that `put_node_list` wrote, in ascending order.
class NodeListReader {
 public:
  explicit NodeListReader(const uint8_t* at) : at_(at) {}
  /// False at the end of the list.
  bool next(NodeRun& run);
  /// Behind what was read: the end of the list once `next` has returned false.
  const uint8_t* position() const { return at_; }

 private:
  uint64_t varint();

  const uint8_t* at_;
  uint32_t behind_ = 0;  // the node behind the previous run
};

}  // namespace orrery::record
