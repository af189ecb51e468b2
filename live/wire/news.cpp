#include "live/wire/news.hpp"

#include "live/wire/frames.hpp"
#include "live/wire/pack.hpp"
#include "live/wire/reader.hpp"

namespace orrery::live {

std::string encode_news(const News& news) {
  PackBuffer buffer;
  Packer out(buffer);
  out.pack_map(3);
  pack_text(out, "v");
  pack_number(out, kWireMajor);
  pack_text(out, "seq");
  pack_number(out, news.sequence);
  pack_text(out, "body");
  out.pack_bin(static_cast<uint32_t>(news.body.size()));
  out.pack_bin_body(news.body.data(), static_cast<uint32_t>(news.body.size()));
  return std::move(buffer.bytes);
}

bool decode_news(std::string_view bytes, News& out) {
  Reader in(bytes);
  uint32_t pairs = 0;
  uint64_t major = 0;
  if (!in.map(pairs)) return false;
  for (uint32_t i = 0; i < pairs; ++i) {
    std::string_view key;
    std::string_view body;
    if (!in.key(key)) return false;
    if (key == "v") {
      if (!in.number(major) || major != kWireMajor) return false;
    } else if (key == "seq") {
      if (!in.number(out.sequence)) return false;
    } else if (key == "body") {
      if (!in.binary(body)) return false;
      out.body = body;
    } else if (!in.skip()) {
      return false;
    }
  }
  return major == kWireMajor && in.done();
}

}  // namespace orrery::live
