// Codec: envelopes to and from msgpack, as docs/wire.md describes them.
//
// One frame carries many envelopes, because what a frame costs (a system call, a wake-up, a few
// hundred nanoseconds in libzmq) is more than what an envelope does. Encoding and decoding allocate
// nothing for mail without a spec. What a peer sends is never trusted: a decoder takes any bytes,
// drops what it can't use and counts it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/ids.hpp"
#include "actors/job.hpp"
#include "actors/messages.hpp"
#include "live/wire/catalogue.hpp"

namespace orrery::live {

/// Mail on its way. A spec that the message points at outlives the envelope.
struct Envelope {
  ActorId from;
  ActorId to;
  Message message;
};

/// Bounds on what is sent, and on what is taken from others.
inline constexpr size_t kMostFrameBytes = 1024 * 1024;
inline constexpr size_t kFrameBytes = 32 * 1024;  ///< a frame that has grown to this is closed
inline constexpr uint32_t kMostMailPerFrame = 65'536;
inline constexpr size_t kMostNameBytes = 1024;
inline constexpr size_t kMostLaunchBytes = 256 * 1024;  ///< of a Launch, all texts together
inline constexpr uint32_t kMostTexts = 4096;            ///< arguments, or variables
inline constexpr uint32_t kMostAfter = 65'536;          ///< jobs that one job may wait for

/// Why a spec can't be a job ("more tasks at least than at most"); empty when it can.
std::string fault_of_spec(const JobSpec& spec);

/// Packs envelopes into one frame of kind "mail" after another.
class MailEncoder {
 public:
  MailEncoder();
  ~MailEncoder();
  MailEncoder(const MailEncoder&) = delete;
  MailEncoder& operator=(const MailEncoder&) = delete;

  /// False when that envelope can't travel: its spec exceeds the bounds above. `known`: what the
  /// receiver has; a spec in StartTask goes there once.
  bool add(const Envelope& envelope, KnownSpecs& known);
  bool full() const;
  uint32_t count() const { return count_; }
  /// The frame; valid until the next start().
  std::string_view finish();
  void start();

 private:
  struct Buffer;
  Buffer* buffer_;
  uint32_t count_ = 0;
};

/// What came of the mail in a frame.
struct MailCounts {
  uint64_t decoded = 0;
  uint64_t undecodable = 0;  ///< malformed, out of bounds, or with a spec that is not here
  uint64_t unknown = 0;      ///< messages that this version does not know
};

class MailDecoder {
 public:
  /// Without a catalogue, mail that names a spec by its job can't be decoded.
  explicit MailDecoder(Catalogue* catalogue) : catalogue_(catalogue) {}

  /// Called for each envelope, in order. The spec in a SubmitJob belongs to the decoder and lasts
  /// for the call, as does every spec when there is no catalogue: the receiver of a new job numbers
  /// it and keeps a copy of its own.
  using Sink = std::function<void(const Envelope&)>;

  /// `mail`: the array under "mail" in a frame.
  MailCounts decode(std::string_view mail, const Sink& sink);

  /// Jobs whose specs the last call missed; the peer is asked for them.
  const std::vector<JobId>& missing() const { return missing_; }
  /// What was wrong with the last envelope that could not be decoded: "TaskEnded: field cause:
  /// expected one of its words". Empty when all could.
  const std::string& fault() const { return fault_; }

 private:
  struct Parts;
  enum class Outcome : uint8_t { kDecoded, kUndecodable, kUnknown };
  Outcome decode_one(std::string_view bytes, Envelope& out);

  Catalogue* catalogue_;
  JobSpec scratch_;
  std::vector<JobId> missing_;
  std::string fault_;
};

}  // namespace orrery::live
