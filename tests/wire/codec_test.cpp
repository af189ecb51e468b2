// Mail to bytes and back: nothing is lost, nothing can be broken, other versions are lived with.
#define MSGPACK_NO_BOOST
#include "live/wire/codec.hpp"

#include <gtest/gtest.h>
#include <map>
#include <msgpack.hpp>
#include <rapidcheck/gtest.h>

#include "live/wire/frames.hpp"
#include "tests/wire/support.hpp"

namespace orrery::live {
namespace {

constexpr size_t kMessages = std::variant_size_v<Message>;

/// One envelope as a frame.
std::string packed(const Envelope& envelope, KnownSpecs& known) {
  MailEncoder encoder;
  EXPECT_TRUE(encoder.add(envelope, known));
  return std::string(encoder.finish());
}
std::string packed(const Envelope& envelope) {
  KnownSpecs known;
  return packed(envelope, known);
}

struct Unpacked {
  MailCounts counts;
  std::vector<Message> messages;
  std::string fault;
  std::vector<JobId> missing;
};
Unpacked unpacked(std::string_view bytes, Catalogue* catalogue) {
  Frame frame;
  EXPECT_EQ(parse_frame(bytes, frame), FrameFault::kNone);
  MailDecoder decoder(catalogue);
  Unpacked all;
  all.counts =
      decoder.decode(frame.mail, [&](const Envelope& e) { all.messages.push_back(e.message); });
  all.fault = decoder.fault();
  all.missing = decoder.missing();
  return all;
}

using Pairs = std::vector<std::pair<std::string, msgpack::object>>;

/// A mail frame with one envelope, packed by msgpack-c alone as a stranger would.
std::string foreign_mail(const std::string& type, const Pairs& body, const Pairs& more = {}) {
  msgpack::sbuffer out;
  msgpack::packer<msgpack::sbuffer> pack(out);
  pack.pack_map(3);
  pack.pack("v");
  pack.pack(1);
  pack.pack("kind");
  pack.pack("mail");
  pack.pack("mail");
  pack.pack_array(1);
  pack.pack_map(static_cast<uint32_t>(4 + more.size()));
  for (const auto& [key, value] : more) {
    pack.pack(key);
    pack.pack(value);
  }
  // In another order than ours.
  pack.pack("body");
  pack.pack_map(static_cast<uint32_t>(body.size()));
  for (const auto& [key, value] : body) {
    pack.pack(key);
    pack.pack(value);
  }
  pack.pack("type");
  pack.pack(type);
  pack.pack("to");
  pack.pack(std::vector<uint32_t>{0, 0});
  pack.pack("from");
  pack.pack(std::vector<uint32_t>{3, 0});
  return {out.data(), out.size()};
}

RC_GTEST_PROP(Codec, GivesEveryMessageBack, ()) {
  AnyMessage any;
  for (size_t index = 0; index < kMessages; ++index) {
    Envelope sent{{any_number<uint32_t>(), any_number<uint32_t>()},
                  {any_number<uint32_t>(), any_number<uint32_t>()},
                  any.make_at(index)};
    std::string bytes = packed(sent);
    Frame frame;
    RC_ASSERT(parse_frame(bytes, frame) == FrameFault::kNone);
    RC_ASSERT(frame.kind == FrameKind::kMail);
    Catalogue catalogue;
    MailDecoder decoder(&catalogue);
    bool came = false;
    MailCounts counts = decoder.decode(frame.mail, [&](const Envelope& got) {
      came =
          got.from == sent.from && got.to == sent.to && equal_messages(got.message, sent.message);
    });
    RC_ASSERT(counts.decoded == 1u);
    RC_ASSERT(came);
  }
}

RC_GTEST_PROP(Codec, SurvivesAnyChangeOfAByte, ()) {
  AnyMessage any;
  KnownSpecs known;
  MailEncoder encoder;
  for (size_t index = 0; index < kMessages; ++index) {
    encoder.add({{1, 0}, {0, 0}, any.make_at(index)}, known);
  }
  std::string bytes(encoder.finish());
  for (int changes = *rc::gen::inRange(1, 6); changes > 0; --changes) {
    size_t at = *rc::gen::inRange<size_t>(0, bytes.size());
    if (*rc::gen::arbitrary<bool>()) bytes.resize(at + 1);
    bytes[at] = *rc::gen::arbitrary<char>();
  }
  Frame frame;
  if (parse_frame(bytes, frame) != FrameFault::kNone) return;
  Catalogue catalogue;
  MailDecoder decoder(&catalogue);
  MailCounts counts = decoder.decode(frame.mail, [](const Envelope&) {});
  RC_ASSERT(counts.decoded + counts.undecodable + counts.unknown <= kMessages + 1);
}

TEST(Codec, IsOrdinaryMsgpackWithTheNamesOfTheTable) {
  std::string bytes = packed({{3, 0}, {0, 0}, TaskEnded{{7}, 2, 1, ExitCause::kFailed, 9}});
  msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size());
  std::ostringstream text;
  text << handle.get();
  EXPECT_EQ(text.str(),
            R"({"v":1,"kind":"mail","mail":[{"from":[3,0],"to":[0,0],"type":"TaskEnded",)"
            R"("body":{"job":7,"epoch":2,"part":1,"cause":"failed","exit_code":9}}]})");
}

TEST(Codec, ASpecTravelsOnceToAPeerAndThenByItsJob) {
  AnyMessage any;
  JobSpec spec;
  spec.id = {5};
  spec.name = "once";
  Envelope start{{0, 0}, {1, 0}, StartTask{&spec, 1, 0, 1, 1, 0, {}}};
  KnownSpecs known;
  std::string first = packed(start, known);
  std::string second = packed(start, known);
  EXPECT_LT(second.size() + 100, first.size());
  Catalogue catalogue;
  auto one = unpacked(first, &catalogue);
  auto two = unpacked(second, &catalogue);
  ASSERT_EQ(one.counts.decoded + two.counts.decoded, 2u);
  EXPECT_EQ(std::get<StartTask>(one.messages[0]).spec, std::get<StartTask>(two.messages[0]).spec);
  EXPECT_EQ(std::get<StartTask>(two.messages[0]).spec->name, "once");

  catalogue.forget({5});
  auto three = unpacked(second, &catalogue);
  EXPECT_EQ(three.counts.undecodable, 1u);
  ASSERT_EQ(three.missing.size(), 1u);
  EXPECT_EQ(three.missing[0].index, 5u);
}

TEST(Codec, ANewJobAlwaysTravelsWhole) {
  JobSpec spec;
  spec.name = "new";
  KnownSpecs known;
  known.add(spec.id);
  std::string bytes = packed({{0, 1}, {0, 0}, SubmitJob{&spec}}, known);
  Frame frame;
  ASSERT_EQ(parse_frame(bytes, frame), FrameFault::kNone);
  MailDecoder decoder(nullptr);
  std::string name;
  decoder.decode(frame.mail,
                 [&](const Envelope& e) { name = std::get<SubmitJob>(e.message).spec->name; });
  EXPECT_EQ(name, "new");
}

TEST(Codec, UnknownFieldsAreIgnoredAndMissingOnesTakeTheirDefault) {
  msgpack::zone zone;
  Pairs body{{"part", msgpack::object(4)},
             {"later", msgpack::object(std::map<std::string, int>{{"a", 1}}, zone)},
             {"cause", msgpack::object("crashed", zone)},
             {"job", msgpack::object(7)},
             {"epoch", msgpack::object(2)}};
  auto got = unpacked(foreign_mail("TaskEnded", body, {{"trace", msgpack::object(1)}}), nullptr);
  ASSERT_EQ(got.counts.decoded, 1u) << got.fault;
  const auto& ended = std::get<TaskEnded>(got.messages[0]);
  EXPECT_EQ(ended.part, 4u);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.cause, ExitCause::kCrashed);
}

TEST(Codec, AJobWithoutARangeOfSizesIsRigid) {
  msgpack::zone zone;
  std::map<std::string, int> spec{{"tasks", 4}};
  auto bytes = foreign_mail("SubmitJob", {{"spec", msgpack::object(spec, zone)}});
  Frame frame;
  ASSERT_EQ(parse_frame(bytes, frame), FrameFault::kNone);
  MailDecoder decoder(nullptr);
  JobSpec got;
  decoder.decode(frame.mail,
                 [&](const Envelope& e) { got = *std::get<SubmitJob>(e.message).spec; });
  EXPECT_EQ(got.min_tasks, 4u) << decoder.fault();
  EXPECT_EQ(got.max_tasks, 4u);
  EXPECT_EQ(got.requested_time, Duration::infinite());
}

TEST(Codec, SaysWhatIsWrongWithAMessage) {
  msgpack::zone zone;
  struct Case {
    const char* type;
    Pairs body;
    const char* fault;
  };
  std::map<std::string, int> upside_down{{"tasks", 4}, {"min_tasks", 5}};
  const std::vector<Case> cases{
      {"CancelJob", {}, "CancelJob: field job: expected this field"},
      {"CancelJob",
       {{"job", msgpack::object("x", zone)}},
       "CancelJob: field job: expected a whole number in its range"},
      {"CancelJob",
       {{"job", msgpack::object(-1)}},
       "CancelJob: field job: expected a whole number in its range"},
      {"CancelJob",
       {{"job", msgpack::object(uint64_t{1} << 32)}},
       "CancelJob: field job: expected a whole number in its range"},
      {"CancelJob",
       {{"job", msgpack::object(1)}, {"job", msgpack::object(2)}},
       "CancelJob: field job: expected each field once"},
      {"SubmitJob",
       {{"spec", msgpack::object(upside_down, zone)}},
       "SubmitJob: field spec: expected a sound job"},
      {"SubmitJob",
       {{"spec", msgpack::object(3)}},
       "SubmitJob: field spec: expected a job that was sent before"},
  };
  for (const Case& c : cases) {
    auto got = unpacked(foreign_mail(c.type, c.body), nullptr);
    EXPECT_EQ(got.counts.undecodable, 1u);
    EXPECT_EQ(got.fault, c.fault);
  }
}

TEST(Codec, CountsUnknownMessagesAndGoesOnBehindThem) {
  Pairs body{{"x", msgpack::object(1)}};
  auto got = unpacked(foreign_mail("ResizeTask", body), nullptr);
  EXPECT_EQ(got.counts.unknown, 1u);
  EXPECT_EQ(got.counts.undecodable, 0u);

  KnownSpecs known;
  MailEncoder encoder;
  encoder.add({{1, 0}, {0, 0}, NodeReady{{0}, 1}}, known);
  encoder.add({{1, 0}, {0, 0}, NodeReady{{0}, 2}}, known);
  std::string bytes(encoder.finish());
  bytes[bytes.find("NodeReady")] = 'X';
  auto mixed = unpacked(bytes, nullptr);
  EXPECT_EQ(mixed.counts.unknown, 1u);
  ASSERT_EQ(mixed.counts.decoded, 1u);
  EXPECT_EQ(std::get<NodeReady>(mixed.messages[0]).boot, 2u);
}

TEST(Codec, DoesNotSendWhatTheReceiverWouldRefuse) {
  KnownSpecs known;
  MailEncoder encoder;
  for (int kind = 0; kind < 3; ++kind) {
    JobSpec spec;
    if (kind == 0) spec.name.assign(kMostNameBytes + 1, 'x');
    if (kind == 1) spec.name = "bad \xff";
    if (kind == 2) spec.after.resize(kMostAfter + 1);
    EXPECT_FALSE(encoder.add({{0, 1}, {0, 0}, SubmitJob{&spec}}, known)) << kind;
  }
  EXPECT_EQ(encoder.count(), 0u);
}

TEST(Frames, CarryTheirFields) {
  Frame hello;
  hello.kind = FrameKind::kHello;
  hello.role = "agent";
  hello.name = "node-3";
  hello.software = "0.1.0";
  hello.incarnation = UINT64_MAX;
  std::string bytes = encode_frame(hello);
  Frame got;
  ASSERT_EQ(parse_frame(bytes, got), FrameFault::kNone);
  EXPECT_EQ(got.kind, FrameKind::kHello);
  EXPECT_EQ(got.role, "agent");
  EXPECT_EQ(got.name, "node-3");
  EXPECT_EQ(got.software, "0.1.0");
  EXPECT_EQ(got.incarnation, UINT64_MAX);
  EXPECT_EQ(got.minor, kWireMinor);

  bytes = encode_need({JobId{1}, JobId{70000}});
  ASSERT_EQ(parse_frame(bytes, got), FrameFault::kNone);
  EXPECT_EQ(jobs_of(got), (std::vector<JobId>{JobId{1}, JobId{70000}}));
}

TEST(Frames, OfAnotherMajorVersionAreKnownAsSuch) {
  Frame beat;
  beat.kind = FrameKind::kBeat;
  std::string bytes = encode_frame(beat);
  bytes[3] = 2;  // map header, "v" in two bytes, its value
  Frame got;
  EXPECT_EQ(parse_frame(bytes, got), FrameFault::kOtherVersion);
  EXPECT_EQ(got.major, 2u);
}

TEST(Frames, TextsOfAnyLengthCanBeReadBack) {
  std::string why = std::string(kMostControlText - 1, 'x') + "\xc3\xa9";
  Frame refused;
  refused.kind = FrameKind::kRefused;
  refused.why = why;
  std::string bytes = encode_frame(refused);
  Frame got;
  ASSERT_EQ(parse_frame(bytes, got), FrameFault::kNone);
  EXPECT_EQ(got.why, std::string(kMostControlText - 1, 'x'));
}

TEST(Catalogue, KeepsAddressesAndBounds) {
  Catalogue catalogue(2);
  JobSpec spec;
  spec.id = {1};
  const JobSpec* first = catalogue.keep(spec);
  EXPECT_EQ(catalogue.keep(spec), first);
  spec.name = "changed";
  const JobSpec* second = catalogue.keep(spec);
  EXPECT_NE(second, first);
  EXPECT_EQ(first->name, "");
  EXPECT_EQ(catalogue.find({1}), second);
  spec.id = {2};
  EXPECT_EQ(catalogue.keep(spec), nullptr);
  catalogue.forget({1});
  EXPECT_NE(catalogue.keep(spec), nullptr);
}

}  // namespace
}  // namespace orrery::live
