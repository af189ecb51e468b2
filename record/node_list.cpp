#include "record/node_list.hpp"

#include <algorithm>

namespace orrery::record {

namespace {

// Merges neighbours and hands each complete run on.
class RunPacker {
 public:
  explicit RunPacker(Bytes& bytes) : bytes_(bytes) {}

  void add(uint32_t node, uint32_t tasks) {
    if (tasks == 0) return;
    if (open_ && node == run_.last + 1 && tasks == run_.tasks) {
      run_.last = node;
      return;
    }
    close();
    run_ = {node, node, tasks};
    open_ = true;
  }

  void finish() {
    close();
    put_varint(bytes_, 0);
  }

 private:
  void close() {
    if (!open_) return;
    put_varint(bytes_, uint64_t{run_.first} - behind_ + 1);
    put_varint(bytes_, run_.last - run_.first);
    put_varint(bytes_, run_.tasks);
    behind_ = run_.last + 1;
    open_ = false;
  }

  Bytes& bytes_;
  NodeRun run_;
  bool open_ = false;
  uint32_t behind_ = 0;
};

bool ascending(std::span<const Part> parts) {
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].node <= parts[i - 1].node) return false;
  }
  return true;
}

}  // namespace

void put_node_list(Bytes& bytes, std::span<const Part> parts) {
  RunPacker packer(bytes);
  if (ascending(parts)) {
    for (const Part& part : parts) packer.add(part.node, part.tasks);
  } else {
    std::vector<std::pair<uint32_t, uint32_t>> sorted;
    sorted.reserve(parts.size());
    for (const Part& part : parts) sorted.emplace_back(part.node, part.tasks);
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size();) {
      auto [node, tasks] = sorted[i++];
      while (i < sorted.size() && sorted[i].first == node) tasks += sorted[i++].second;
      packer.add(node, tasks);
    }
  }
  packer.finish();
}

uint64_t NodeListReader::varint() {
  uint64_t value = 0;
  int shift = 0;
  while (*at_ >= 0x80) {
    value |= uint64_t{static_cast<uint8_t>(*at_++ & 0x7f)} << shift;
    shift += 7;
  }
  return value | uint64_t{*at_++} << shift;
}

bool NodeListReader::next(NodeRun& run) {
  uint64_t gap = varint();
  if (gap == 0) return false;
  run.first = behind_ + static_cast<uint32_t>(gap - 1);
  run.last = run.first + static_cast<uint32_t>(varint());
  run.tasks = static_cast<uint32_t>(varint());
  behind_ = run.last + 1;
  return true;
}

}  // namespace orrery::record
