// Reader: msgpack, value by value, out of bytes that anybody may have sent.
//
// msgpack-c's own unpacker builds a tree on the heap; this one reads in place, allocates nothing
// and throws nothing. A call that does not find what it was asked for returns false and leaves the
// reader somewhere inside the value; who wants to go on keeps the offset from before and skips.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orrery::live {

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  size_t at() const { return at_; }
  void go_to(size_t at) { at_ = at; }
  bool done() const { return at_ == bytes_.size(); }
  std::string_view slice(size_t from, size_t to) const { return bytes_.substr(from, to - from); }

  /// A whole number, in any of the widths that msgpack has.
  bool number(uint64_t& out);
  bool number(int64_t& out);
  bool boolean(bool& out);
  /// Valid UTF-8 without control characters, at most `most` bytes. The view is into the bytes.
  bool text(std::string_view& out, size_t most);
  /// Like text, whatever the bytes are: names of fields, which are only compared.
  bool key(std::string_view& out);
  bool binary(std::string_view& out);
  /// The number of pairs or items that follow; never more than the bytes that are left can hold.
  bool map(uint32_t& pairs);
  bool array(uint32_t& items);
  /// Passes over one value of any kind. Its time is linear in the bytes, however they nest.
  bool skip();

 private:
  size_t left() const { return bytes_.size() - at_; }
  bool byte(uint8_t& out) {
    if (at_ == bytes_.size()) return false;
    out = static_cast<uint8_t>(bytes_[at_++]);
    return true;
  }
  /// A big-endian number of `width` bytes, 1 to 8.
  bool fixed(size_t width, uint64_t& out);
  bool pass(uint64_t count) {
    if (count > left()) return false;
    at_ += count;
    return true;
  }
  bool view(uint64_t size, std::string_view& out) {
    if (size > left()) return false;
    out = bytes_.substr(at_, size);
    at_ += size;
    return true;
  }
  bool skip_long(uint8_t tag, uint64_t& items);

  std::string_view bytes_;
  size_t at_ = 0;
};

/// UTF-8 (RFC 3629: no overlong forms, no surrogates) without control characters.
bool is_plain_text(std::string_view text);

}  // namespace orrery::live
