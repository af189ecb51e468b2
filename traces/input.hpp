// Lines of a trace, one at a time, out of one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "traces/bytes.hpp"

namespace orrery::traces {

/// The longest line that a reader accepts, in bytes with its end; the buffer grows no larger.
inline constexpr size_t kMaxLineBytes = size_t{1} << 20;

/// Splits a ByteSource at '\n'. A '\r' before it is dropped; the last line needs no '\n'.
class LineReader {
 public:
  enum class Got : uint8_t {
    kLine,
    kTooLong,  ///< the line exceeds kMaxLineBytes; the next call goes on behind it
    kEnd,
  };

  LineReader(std::unique_ptr<ByteSource> source, std::string name);

  /// Fetches the next line, valid until the next call. Throws InputError as ByteSource::read does.
  Got next(std::string_view& line);

  /// The bytes that the buffer holds before the first call of next(), to guess the format from.
  std::string_view peek();

  /// Gives the source back, as if nothing had been peeked at, to a reader that wants no lines.
  std::unique_ptr<ByteSource> release();

  const std::string& name() const { return name_; }
  uint64_t line_number() const { return line_number_; }  ///< of the line fetched last, from 1
  uint64_t bytes() const { return bytes_; }              ///< read so far, after decompression
  /// True once a NUL byte has been read: no text format has them.
  bool nul_seen() const { return nul_seen_; }

 private:
  bool fill();
  void grow();

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t line_number_ = 0;
  uint64_t bytes_ = 0;
  bool at_end_ = false;
  bool skip_rest_ = false;  ///< the rest of an over-long line is still to be passed over
  bool nul_seen_ = false;
};

}  // namespace orrery::traces
