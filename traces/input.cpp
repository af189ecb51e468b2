#include "traces/input.hpp"

#include <cstring>
#include <utility>

namespace orrery::traces {

LineReader::LineReader(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)), name_(std::move(name)) {
  grow();
}

// Starts at a size that stays in a processor's cache.
void LineReader::grow() {
  constexpr size_t kFirst = 64 * 1024;
  capacity_ = capacity_ == 0 ? kFirst : capacity_ * 2;
  auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
  if (end_ > 0) std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
}

// Moves what is left to the front and reads behind it. False when nothing more came.
bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const size_t got = source_->read(buffer_.get() + end_, capacity_ - end_);
  if (got == 0) {
    at_end_ = true;
    return false;
  }
  if (bytes_ == 0 && got >= 3 && std::memcmp(buffer_.get(), "\xef\xbb\xbf", 3) == 0) {
    begin_ = 3;  // a byte-order mark, as some tools write it before UTF-8
  }
  if (!nul_seen_) nul_seen_ = std::memchr(buffer_.get() + end_, '\0', got) != nullptr;
  end_ += got;
  bytes_ += got;
  return true;
}

std::string_view LineReader::peek() {
  if (begin_ == end_) fill();
  return {buffer_.get() + begin_, end_ - begin_};
}

std::unique_ptr<ByteSource> LineReader::release() {
  std::string head(buffer_.get() + begin_, end_ - begin_);
  return put_back(std::move(head), std::move(source_));
}

LineReader::Got LineReader::next(std::string_view& line) {
  size_t searched = 0;
  while (true) {
    const char* start = buffer_.get() + begin_;
    const size_t available = end_ - begin_;
    const void* found =
        available > searched ? std::memchr(start + searched, '\n', available - searched) : nullptr;
    if (found != nullptr) {
      size_t length = static_cast<size_t>(static_cast<const char*>(found) - start);
      begin_ += length + 1;
      if (std::exchange(skip_rest_, false)) {
        searched = 0;
        continue;
      }
      ++line_number_;
      if (length > 0 && start[length - 1] == '\r') --length;
      line = {start, length};
      return Got::kLine;
    }
    searched = available;
    if (available == capacity_ && capacity_ < kMaxLineBytes) grow();
    if (available == capacity_) {
      begin_ = end_ = searched = 0;
      if (std::exchange(skip_rest_, true)) continue;
      ++line_number_;
      return Got::kTooLong;
    }
    if (fill()) continue;
    if (available == 0 || skip_rest_) return Got::kEnd;
    ++line_number_;
    line = {buffer_.get() + begin_, end_ - begin_};
    if (line.back() == '\r') line.remove_suffix(1);
    begin_ = end_;
    return Got::kLine;
  }
}

}  // namespace orrery::traces
