// Peers that are not ours: sockets that say what a test tells them to.
#pragma once

#include <cstdint>
#include <string>
#include <zmq.hpp>

#include "live/wire/codec.hpp"
#include "live/wire/frames.hpp"

namespace orrery::live {

inline std::string hello(const std::string& name, uint64_t incarnation = 1) {
  Frame frame;
  frame.kind = FrameKind::kHello;
  frame.role = "agent";
  frame.name = name;
  frame.incarnation = incarnation;
  return encode_frame(frame);
}

inline std::string of_kind(FrameKind kind) {
  Frame frame;
  frame.kind = kind;
  return encode_frame(frame);
}

inline std::string mail(uint32_t place, uint32_t job) {
  MailEncoder encoder;
  KnownSpecs known;
  encoder.add({{place, 0}, kController, TaskStarted{{job}, 1, 0}}, known);
  return std::string(encoder.finish());
}

/// A socket that says what it is told to.
class Raw {
 public:
  Raw(zmq::socket_type type, const std::string& endpoint, bool bind = false)
      : socket_(context_, type) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 20'000);
    if (bind) {
      socket_.bind(endpoint);
    } else {
      socket_.connect(endpoint);
    }
  }
  void say(const std::string& bytes, bool more = false) {
    socket_.send(zmq::buffer(bytes), more ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  /// One part; empty when none comes in time.
  std::string hear() {
    zmq::message_t message;
    if (!socket_.recv(message)) return "";
    return message.to_string();
  }
  /// The next frame of that kind, others are passed over; false when none comes.
  bool hear(FrameKind kind, std::string& bytes) {
    for (;;) {
      bytes = hear();
      Frame frame;
      if (bytes.empty()) return false;
      if (parse_frame(bytes, frame) == FrameFault::kNone && frame.kind == kind) return true;
    }
  }
  std::string endpoint() { return socket_.get(zmq::sockopt::last_endpoint); }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

}  // namespace orrery::live
