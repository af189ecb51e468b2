// Link: one connection to a controller, as an agent or a person has it. For the gateway's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "live/wire/core.hpp"

namespace orrery::live {

class Link {
 public:
  Link(Core& core, LinkConfig config, size_t index);

  PeerId id() const { return peer_.id; }
  void add_poll_items(std::vector<zmq::pollitem_t>& items);
  void receive();
  /// Sends mail that waits, if the link is up.
  void flush();
  /// True when there is more to send than a turn's share.
  bool has_more() const { return flow_ == Lane::Flow::kMore; }
  bool is_blocked() const { return flow_ == Lane::Flow::kBlocked; }
  /// Hellos, heartbeats, new tries.
  void tick();
  void say_bye();

 private:
  enum class State : uint8_t {
    kWaiting,     ///< without a socket, until `retry_at_`
    kConnecting,  ///< the hello is not answered yet
    kUp,
  };

  void open();
  void open_again();
  void open_news();
  void watch_handshakes();
  void receive_handshakes();
  void receive_news();
  void handle(std::string_view bytes);
  void welcome(const Frame& frame);
  void refused(std::string_view code, std::string_view why);
  void take_mail(const Frame& frame);
  void take_question(const Frame& frame);
  /// The session is over; a new one is asked for on the same connection.
  void end_session(std::string_view why);
  /// Gives the connection up and makes another one after a wait.
  void retry_after(WireTime::duration wait);
  void say_hello();
  bool say(const std::string& frame);

  Core& core_;
  const LinkConfig config_;
  const std::string monitor_name_;
  uint64_t monitors_ = 0;
  std::optional<zmq::socket_t> dealer_;
  std::optional<zmq::socket_t> monitor_;
  std::optional<zmq::socket_t> sub_;
  Peer peer_;
  Lane lane_;
  MailDecoder decoder_;
  Lane::Flow flow_ = Lane::Flow::kIdle;
  State state_ = State::kWaiting;
  WireTime retry_at_{};
  WireTime::duration wait_{};
  bool hello_sent_ = false;
  WireTime hello_at_{};  ///< when it was sent, or is to be tried next
  bool drained_ = true;  ///< the last turn took in all that had arrived
  WireTime heard_{};
  WireTime spoken_{};
  uint64_t news_sequence_ = 0;
};

}  // namespace orrery::live
