// Server: the controller's side of the wire. For the gateway's thread alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>
#include <zmq.hpp>

#include "live/wire/core.hpp"
#include "live/wire/zap.hpp"

namespace orrery::live {

class Server {
 public:
  Server(Core& core, const ServerConfig& config);

  void add_poll_items(std::vector<zmq::pollitem_t>& items);
  /// Takes in what waits, in portions.
  void receive();
  /// Sends mail that waits for that peer, if it is up.
  void flush(PeerId peer);
  /// Goes on with peers that had more than a turn's share, or whose connections were full.
  void flush_rest();
  /// True when flush_rest() has to be called soon without anything having arrived.
  bool has_blocked() const { return !blocked_.empty(); }
  bool has_more() const { return !more_.empty(); }
  void publish();
  /// Heartbeats, who has been silent for too long, and what was not answered in time.
  void tick();
  void authorise(const std::vector<Authorised>& authorised);
  /// Says bye to all; questions that are open have had their end then.
  void end();

  std::string endpoint() const { return router_.get(zmq::sockopt::last_endpoint); }
  std::string news_endpoint() const;

 private:
  struct Remote {
    Remote(PeerId id) : lane(id) { peer.id = id; }
    Peer peer;
    Lane lane;
    std::string routing;
    bool up = false;
    WireTime heard;
    WireTime spoken;
  };

  void bind(zmq::socket_t& socket, const std::string& endpoint);
  void watch_handshakes();
  void receive_handshakes();
  /// False when nothing waits.
  bool receive_one();
  void handle(const std::string& routing, zmq::message_t& body);
  void hello(const std::string& routing, const std::string& key, const Frame& frame);
  /// Who says hello, as far as keys and names prove it; refuses it and returns nothing otherwise.
  std::optional<Peer> identify(const std::string& routing, const std::string& key,
                               const Frame& frame);
  void admit(const std::string& routing, Peer peer);
  void welcome(Remote& remote);
  void refuse(const std::string& routing, const std::string& who, std::string_view code,
              const std::string& why);
  void take_mail(Remote& remote, const Frame& frame);
  void take_answer(const Remote& remote, const Frame& frame);
  void refuse_question(Remote& remote, const Frame& frame);
  /// A session begins, in which nothing was asked yet.
  void begin_questions(const Remote& remote);
  /// Ends the questions that are open with `why`; none can be asked from here on.
  void end_questions(const Remote& remote, std::string_view why);
  void end_question(const Peer& peer, uint64_t id, std::string_view why);
  void lose(Remote& remote, const std::string& why);
  Lane::Taken send(const std::string& routing, zmq::message_t& frame);
  bool say(Remote& remote, const std::string& frame);
  void say_to(const std::string& routing, const std::string& frame);

  Core& core_;
  const std::string name_;
  const bool curve_;
  std::optional<Zap> zap_;
  zmq::socket_t router_;
  std::optional<zmq::socket_t> pub_;
  std::optional<zmq::socket_t> monitor_;
  MailDecoder decoder_{nullptr};
  std::map<uint64_t, std::unique_ptr<Remote>> remotes_;
  std::unordered_map<std::string, Remote*> by_routing_;
  std::map<std::string, Remote*> agents_;  ///< by name, up or not
  bool drained_ = true;                    ///< the last turn took in all that had arrived
  std::vector<PeerId> more_;
  std::vector<PeerId> blocked_;
};

}  // namespace orrery::live
