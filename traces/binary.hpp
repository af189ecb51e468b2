// Orrery's binary format: a Workload, exactly, small and quick to read.
//
//   magic (8 bytes) | version (u32) | block... | end block
//   block: kind (u32) | length (u32) | stored length (u32) | CRC-32 of the content (u32) | content,
//          one zstd frame of `length` bytes
//
// Numbers are little-endian; inside a block they are LEB128 varints, signed ones zigzag. The first
// block holds names, GPU types, speed models and kinds, the others jobs, the last one their number.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "actors/workload.hpp"
#include "traces/bytes.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

/// Not text (the high bit, the control bytes), and broken by a transfer that changes line ends.
inline constexpr std::string_view kBinaryMagic{"\x89ORWL\r\n\x1a", 8};
/// Version 2 has kinds and deadlines; files of version 1, without them, are read as well.
inline constexpr uint32_t kBinaryVersion = 2;

enum class BlockKind : uint32_t { kTables = 1, kJobs = 2, kEnd = 3 };

/// Content of a block as it is packed.
class Packer {
 public:
  void number(uint64_t value);
  void signed_number(int64_t value);
  void real(double value);
  void text(std::string_view value);
  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

/// Reads what Packer wrote. Every read past the end or of a number that does not fit marks the
/// content as damaged and yields zero, so that a loop over it ends.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : left_(bytes) {}
  uint64_t number();
  /// A number of at most `most`.
  uint64_t number_to(uint64_t most);
  int64_t signed_number();
  double real();
  std::string text();
  /// How many items of at least a byte each follow: no more than there are bytes left.
  size_t count();
  bool done() const { return left_.empty(); }
  bool damaged() const { return damaged_; }

 private:
  uint64_t damage();

  std::string_view left_;
  bool damaged_ = false;
};

/// Magic and version.
std::string binary_start();
/// A whole block with that content, compressed.
std::string binary_block(BlockKind kind, std::string_view content);

Workload read_binary(std::unique_ptr<ByteSource> source, const std::string& name,
                     ReadReport& report);

}  // namespace orrery::traces
