// Frames: what peers say to one another, each frame a msgpack map of one ZeroMQ message part.
//
// Every frame starts with the major version under "v". Peers of another major version understand
// that much, and each other's "refused" with its "why"; nothing else. The minor version rises when
// fields or messages are added, and is only told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/ids.hpp"

namespace orrery::live {

inline constexpr uint32_t kWireMajor = 1;
inline constexpr uint32_t kWireMinor = 1;

enum class FrameKind : uint8_t {
  kUnknown,  ///< of a later minor version; passed over
  kHello,    ///< client: who I am
  kWelcome,  ///< server: you are in
  kRefused,  ///< server: you are not, and why
  kAgain,    ///< server: I do not know you (any more), say hello
  kBeat,     ///< either: I am alive
  kMail,     ///< either: envelopes
  kNeed,     ///< either: send the specs of these jobs again
  kBye,      ///< either: I am leaving
  kAsk,      ///< server, to an agent: a question outside the actors
  kAnswer,   ///< to the one who asked
};

/// The fields of all kinds of frames; which ones count depends on the kind. Texts are views into
/// the frame.
struct Frame {
  uint32_t major = 0;
  FrameKind kind = FrameKind::kUnknown;
  uint32_t minor = 0;
  std::string_view role;      ///< hello
  std::string_view name;      ///< hello: of the node or person; welcome: of the controller
  std::string_view software;  ///< hello, welcome: version of the program
  std::string_view run;       ///< hello, welcome: id of the run; may be empty
  uint64_t incarnation = 0;   ///< hello, welcome: drawn when the process started
  uint32_t place = 0;         ///< welcome: the ActorId::place that mail comes from
  std::string_view code;      ///< refused: "version", "role", ... for programs
  std::string_view why;       ///< refused, bye: a sentence for people
  std::string_view mail;      ///< mail: the array, undecoded
  std::string_view jobs;      ///< need: the array, undecoded
  uint64_t id = 0;            ///< ask, answer: of the question, from 1; the asker's to choose
  std::string_view what;      ///< ask: what for, as a word
  bool ok = false;            ///< answer: whether it is one; otherwise `body` says why not
  std::string_view body;      ///< ask, answer: any bytes
};

enum class FrameFault : uint8_t {
  kNone,
  kMalformed,
  kOtherVersion,  ///< Frame::major says which
};

/// Reads any bytes.
FrameFault parse_frame(std::string_view bytes, Frame& out);
/// The jobs of a need frame; what is malformed is left out.
std::vector<JobId> jobs_of(const Frame& frame);

/// A frame of the kind and with those fields of `frame` that the kind has; mail and need are made
/// by others.
std::string encode_frame(const Frame& frame);
std::string encode_need(const std::vector<JobId>& jobs);

/// "this side speaks wire protocol 1, the other side 2; run the same major release on both".
std::string version_refusal(uint32_t other_major);

/// Longest text of a control frame, in bytes.
inline constexpr size_t kMostControlText = 1024;
/// Longest body of a question or an answer, in bytes.
inline constexpr size_t kMostAnswerBytes = size_t{512} << 10;

}  // namespace orrery::live
