#include "live/wire/frames.hpp"

#include <array>

#include "live/wire/pack.hpp"
#include "live/wire/reader.hpp"

namespace orrery::live {

namespace {

constexpr std::array<std::string_view, 11> kKinds{
    "", "hello", "welcome", "refused", "again", "beat", "mail", "need", "bye", "ask", "answer"};
static_assert(kKinds.size() == static_cast<size_t>(FrameKind::kAnswer) + 1);

struct TextField {
  std::string_view name;
  std::string_view Frame::*member;
};
constexpr std::array<TextField, 7> kTexts{{{"role", &Frame::role},
                                           {"name", &Frame::name},
                                           {"software", &Frame::software},
                                           {"run", &Frame::run},
                                           {"code", &Frame::code},
                                           {"why", &Frame::why},
                                           {"what", &Frame::what}}};

bool read_u32(Reader& in, uint32_t& out) {
  uint64_t wide = 0;
  if (!in.number(wide) || wide > UINT32_MAX) return false;
  out = static_cast<uint32_t>(wide);
  return true;
}

bool read_kind(Reader& in, FrameKind& kind) {
  std::string_view word;
  if (!in.key(word)) return false;
  kind = FrameKind::kUnknown;
  for (size_t i = 1; i < kKinds.size(); ++i) {
    if (kKinds[i] == word) kind = static_cast<FrameKind>(i);
  }
  return true;
}

bool read_slice(Reader& in, std::string_view& out) {
  size_t from = in.at();
  if (!in.skip()) return false;
  out = in.slice(from, in.at());
  return true;
}

bool read_field(Reader& in, std::string_view key, Frame& out) {
  if (key == "kind") return read_kind(in, out.kind);
  if (key == "mail") return read_slice(in, out.mail);
  if (key == "jobs") return read_slice(in, out.jobs);
  if (key == "minor") return read_u32(in, out.minor);
  if (key == "place") return read_u32(in, out.place);
  if (key == "incarnation") return in.number(out.incarnation);
  if (key == "id") return in.number(out.id);
  if (key == "ok") return in.boolean(out.ok);
  if (key == "body") return in.binary(out.body) && out.body.size() <= kMostAnswerBytes;
  for (const TextField& text : kTexts) {
    if (text.name == key) return in.text(out.*text.member, kMostControlText);
  }
  return in.skip();
}

/// Cut where it is too long to be read back, never within a code point.
std::string_view cut(std::string_view text) {
  if (text.size() <= kMostControlText) return text;
  size_t size = kMostControlText;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0U) == 0x80) --size;
  return text.substr(0, size);
}

void pack_head(Packer& out, uint32_t fields, FrameKind kind) {
  out.pack_map(fields + 2);
  pack_text(out, "v");
  pack_number(out, kWireMajor);
  pack_text(out, "kind");
  pack_text(out, kKinds[static_cast<size_t>(kind)]);
}

}  // namespace

FrameFault parse_frame(std::string_view bytes, Frame& out) {
  out = Frame{};
  Reader in(bytes);
  uint32_t pairs = 0;
  if (!in.map(pairs)) return FrameFault::kMalformed;
  for (uint32_t i = 0; i < pairs; ++i) {
    std::string_view key;
    if (!in.key(key)) return FrameFault::kMalformed;
    if (key != "v") {
      if (!read_field(in, key, out)) return FrameFault::kMalformed;
      continue;
    }
    if (!read_u32(in, out.major)) return FrameFault::kMalformed;
    // Nothing behind it can be relied on.
    if (out.major != kWireMajor) return FrameFault::kOtherVersion;
  }
  if (out.major != kWireMajor || !in.done()) return FrameFault::kMalformed;
  bool about_question = out.kind == FrameKind::kAsk || out.kind == FrameKind::kAnswer;
  return about_question && out.id == 0 ? FrameFault::kMalformed : FrameFault::kNone;
}

std::vector<JobId> jobs_of(const Frame& frame) {
  std::vector<JobId> jobs;
  Reader in(frame.jobs);
  uint32_t items = 0;
  if (!in.array(items)) return jobs;
  for (uint32_t i = 0; i < items; ++i) {
    JobId job;
    if (!read_u32(in, job.index)) break;
    jobs.push_back(job);
  }
  return jobs;
}

std::string encode_frame(const Frame& frame) {
  PackBuffer buffer;
  Packer out(buffer);
  bool introduces = frame.kind == FrameKind::kHello || frame.kind == FrameKind::kWelcome;
  bool asks = frame.kind == FrameKind::kAsk;
  bool answers = frame.kind == FrameKind::kAnswer;
  uint32_t others = introduces || answers ? 3 : asks ? 2 : 0;
  uint32_t texts = 0;
  for (const TextField& text : kTexts) texts += (frame.*text.member).empty() ? 0 : 1;
  pack_head(out, texts + others, frame.kind);
  for (const TextField& text : kTexts) {
    if ((frame.*text.member).empty()) continue;
    pack_text(out, text.name);
    pack_text(out, cut(frame.*text.member));
  }
  if (introduces) {
    pack_text(out, "minor");
    pack_number(out, kWireMinor);
    pack_text(out, "incarnation");
    pack_number(out, frame.incarnation);
    pack_text(out, "place");
    pack_number(out, frame.place);
  }
  if (asks || answers) {
    pack_text(out, "id");
    pack_number(out, frame.id);
    pack_text(out, "body");
    out.pack_bin(static_cast<uint32_t>(frame.body.size()));
    out.pack_bin_body(frame.body.data(), static_cast<uint32_t>(frame.body.size()));
  }
  if (answers) {
    pack_text(out, "ok");
    frame.ok ? out.pack_true() : out.pack_false();
  }
  return std::move(buffer.bytes);
}

std::string encode_need(const std::vector<JobId>& jobs) {
  PackBuffer buffer;
  Packer out(buffer);
  pack_head(out, 1, FrameKind::kNeed);
  pack_text(out, "jobs");
  out.pack_array(static_cast<uint32_t>(jobs.size()));
  for (JobId job : jobs) pack_number(out, job.index);
  return std::move(buffer.bytes);
}

std::string version_refusal(uint32_t other_major) {
  return "this side speaks wire protocol " + std::to_string(kWireMajor) + ", the other side " +
         std::to_string(other_major) + "; run the same major release on both";
}

}  // namespace orrery::live
