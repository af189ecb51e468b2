#include "traces/input.hpp"

#include <cstring>
#include <utility>

namespace orrery::traces {

LineReader::LineReader(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)), name_(std::move(name)), buffer_(kMaxLineBytes) {}

// Moves what is left to the front and reads behind it. False when nothing more came.
bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const size_t got = source_->read(buffer_.data() + end_, buffer_.size() - end_);
  if (got == 0) {
    at_end_ = true;
    return false;
  }
  if (bytes_ == 0 && got >= 3 && std::memcmp(buffer_.data(), "\xef\xbb\xbf", 3) == 0) {
    begin_ = 3;  // a byte-order mark, as some tools write it before UTF-8
  }
  if (!nul_seen_) nul_seen_ = std::memchr(buffer_.data() + end_, '\0', got) != nullptr;
  end_ += got;
  bytes_ += got;
  return true;
}

std::string_view LineReader::peek() {
  if (begin_ == end_) fill();
  return {buffer_.data() + begin_, end_ - begin_};
}

std::unique_ptr<ByteSource> LineReader::release() {
  std::string head(buffer_.data() + begin_, end_ - begin_);
  return put_back(std::move(head), std::move(source_));
}

LineReader::Got LineReader::next(std::string_view& line) {
  size_t searched = 0;
  while (true) {
    const char* start = buffer_.data() + begin_;
    const size_t available = end_ - begin_;
    const void* found = available > searched
                            ? std::memchr(start + searched, '\n', available - searched)
                            : nullptr;
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
    if (available == buffer_.size()) {
      begin_ = end_ = searched = 0;
      if (std::exchange(skip_rest_, true)) continue;
      ++line_number_;
      return Got::kTooLong;
    }
    if (fill()) continue;
    if (available == 0 || skip_rest_) return Got::kEnd;
    ++line_number_;
    line = {buffer_.data() + begin_, end_ - begin_};
    if (line.back() == '\r') line.remove_suffix(1);
    begin_ = end_;
    return Got::kLine;
  }
}

}  // namespace orrery::traces
