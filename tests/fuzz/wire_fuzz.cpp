// Any bytes as a frame from a peer: what can be decoded can be encoded and is then equal.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "live/wire/codec.hpp"
#include "live/wire/frames.hpp"

namespace orrery::live {
namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// Every envelope alone once more through the codec.
void check_envelope(const Envelope& sent) {
  KnownSpecs known;
  MailEncoder encoder;
  require(encoder.add(sent, known), "what was decoded cannot be encoded");
  const std::string first(encoder.finish());
  Frame frame;
  require(parse_frame(first, frame) == FrameFault::kNone, "our own frame is malformed");
  Catalogue catalogue;
  MailDecoder decoder(&catalogue);
  std::string second;
  decoder.decode(frame.mail, [&](const Envelope& got) {
    KnownSpecs none;
    MailEncoder again;
    require(again.add(got, none), "what was encoded cannot be encoded again");
    second = again.finish();
  });
  require(first == second, "an envelope comes back changed");
}

void check_question(const Frame& sent, const Frame& got) {
  if (sent.kind != FrameKind::kAsk && sent.kind != FrameKind::kAnswer) return;
  require(got.id == sent.id && got.what == sent.what && got.body == sent.body,
          "a question changes");
  require(got.ok == (sent.ok && sent.kind == FrameKind::kAnswer), "a no becomes a yes");
}

void decode_all(std::string_view bytes, Catalogue* catalogue) {
  Frame frame;
  if (parse_frame(bytes, frame) != FrameFault::kNone) return;
  jobs_of(frame);
  Frame again;
  if (frame.kind != FrameKind::kUnknown && frame.mail.empty() && frame.jobs.empty()) {
    const std::string control = encode_frame(frame);
    require(parse_frame(control, again) == FrameFault::kNone, "a control frame does not come back");
    require(again.why == frame.why && again.name == frame.name, "a control frame is changed");
    check_question(frame, again);
  }
  MailDecoder decoder(catalogue);
  decoder.decode(frame.mail, check_envelope);
}

}  // namespace
}  // namespace orrery::live

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::live;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Catalogue catalogue;
  decode_all(bytes, &catalogue);
  decode_all(bytes, nullptr);
  return 0;
}
