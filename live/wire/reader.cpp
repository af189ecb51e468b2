#include "live/wire/reader.hpp"

namespace orrery::live {

bool Reader::fixed(size_t width, uint64_t& out) {
  if (width > left()) return false;
  uint64_t value = 0;
  for (size_t i = 0; i < width; ++i) {
    value = value << 8 | static_cast<uint8_t>(bytes_[at_ + i]);
  }
  at_ += width;
  out = value;
  return true;
}

bool Reader::number(uint64_t& out) {
  uint8_t tag = 0;
  if (!byte(tag)) return false;
  if (tag <= 0x7f) {
    out = tag;
    return true;
  }
  if (tag >= 0xcc && tag <= 0xcf) return fixed(size_t{1} << (tag - 0xcc), out);
  if (tag < 0xd0 || tag > 0xd3) return false;
  // Signed widths hold numbers from zero up as well; some packers use them for every integer.
  size_t width = size_t{1} << (tag - 0xd0);
  if (!fixed(width, out)) return false;
  return (out >> (8 * width - 1)) == 0;
}

bool Reader::number(int64_t& out) {
  if (at_ == bytes_.size()) return false;
  auto tag = static_cast<uint8_t>(bytes_[at_]);
  uint64_t bits = 0;
  if (tag >= 0xe0) {
    ++at_;
    out = static_cast<int8_t>(tag);
    return true;
  }
  if (tag < 0xd0 || tag > 0xd3) {
    if (!number(bits) || bits > INT64_MAX) return false;
    out = static_cast<int64_t>(bits);
    return true;
  }
  ++at_;
  size_t width = size_t{1} << (tag - 0xd0);
  if (!fixed(width, bits)) return false;
  unsigned shift = static_cast<unsigned>(64 - 8 * width);
  out = static_cast<int64_t>(bits << shift) >> shift;  // spreads the sign, as C++20 defines
  return true;
}

bool Reader::boolean(bool& out) {
  uint8_t tag = 0;
  if (!byte(tag) || (tag != 0xc2 && tag != 0xc3)) return false;
  out = tag == 0xc3;
  return true;
}

bool Reader::key(std::string_view& out) {
  uint8_t tag = 0;
  uint64_t size = 0;
  if (!byte(tag)) return false;
  if ((tag & 0xe0U) == 0xa0) return view(tag & 0x1fU, out);
  if (tag < 0xd9 || tag > 0xdb) return false;
  return fixed(size_t{1} << (tag - 0xd9), size) && view(size, out);
}

bool Reader::text(std::string_view& out, size_t most) {
  return key(out) && out.size() <= most && is_plain_text(out);
}

bool Reader::binary(std::string_view& out) {
  uint8_t tag = 0;
  uint64_t size = 0;
  if (!byte(tag) || tag < 0xc4 || tag > 0xc6) return false;
  return fixed(size_t{1} << (tag - 0xc4), size) && view(size, out);
}

bool Reader::map(uint32_t& pairs) {
  uint8_t tag = 0;
  uint64_t count = 0;
  if (!byte(tag)) return false;
  if ((tag & 0xf0U) == 0x80) {
    count = tag & 0x0fU;
  } else if (tag != 0xde && tag != 0xdf) {
    return false;
  } else if (!fixed(tag == 0xde ? 2 : 4, count)) {
    return false;
  }
  pairs = static_cast<uint32_t>(count);
  return count <= left() / 2;
}

bool Reader::array(uint32_t& items) {
  uint8_t tag = 0;
  uint64_t count = 0;
  if (!byte(tag)) return false;
  if ((tag & 0xf0U) == 0x90) {
    count = tag & 0x0fU;
  } else if (tag != 0xdc && tag != 0xdd) {
    return false;
  } else if (!fixed(tag == 0xdc ? 2 : 4, count)) {
    return false;
  }
  items = static_cast<uint32_t>(count);
  return count <= left();
}

/// The tags from 0xc0 to 0xdf, by the msgpack specification. Adds the values within to `items`.
bool Reader::skip_long(uint8_t tag, uint64_t& items) {
  uint64_t count = 0;
  if (tag == 0xc1) return false;  // never used
  if (tag <= 0xc3) return true;   // nil, false, true
  if (tag <= 0xc6) return fixed(size_t{1} << (tag - 0xc4), count) && pass(count);
  if (tag <= 0xc9) return fixed(size_t{1} << (tag - 0xc7), count) && pass(count + 1);
  if (tag <= 0xcb) return pass(tag == 0xca ? 4 : 8);
  if (tag <= 0xcf) return pass(uint64_t{1} << (tag - 0xcc));
  if (tag <= 0xd3) return pass(uint64_t{1} << (tag - 0xd0));
  if (tag <= 0xd8) return pass((uint64_t{1} << (tag - 0xd4)) + 1);
  if (tag <= 0xdb) return fixed(size_t{1} << (tag - 0xd9), count) && pass(count);
  bool is_map = tag >= 0xde;
  if (!fixed(tag % 2 == 0 ? 2 : 4, count)) return false;
  items += is_map ? 2 * count : count;
  return true;
}

bool Reader::skip() {
  for (uint64_t items = 1; items > 0; --items) {
    uint8_t tag = 0;
    // Each item takes a byte at least: a count that the bytes cannot hold ends here.
    if (items > left() || !byte(tag)) return false;
    if (tag <= 0x7f || tag >= 0xe0) continue;
    if (tag <= 0x8f) {
      items += 2 * (tag & 0x0fU);
    } else if (tag <= 0x9f) {
      items += tag & 0x0fU;
    } else if (tag <= 0xbf) {
      if (!pass(tag & 0x1fU)) return false;
    } else if (!skip_long(tag, items)) {
      return false;
    }
  }
  return true;
}

namespace {

bool is_continuation(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0U) == 0x80;
}

/// The length of the code point at `at`; 0 where there is none.
size_t code_point(std::string_view text, size_t at) {
  auto first = static_cast<uint8_t>(text[at]);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(text, at + i)) return 0;
  }
  auto second = static_cast<uint8_t>(text[at + 1]);
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool surrogate = first == 0xed && second > 0x9f;
  bool too_high = first == 0xf4 && second > 0x8f;
  bool control = first == 0xc2 && second < 0xa0;  // U+0080 to U+009F
  return overlong || surrogate || too_high || control ? 0 : length;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    size_t length = code_point(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace orrery::live
