// Zap: decides which CURVE keys may connect at all (ZeroMQ RFC 27), within the gateway's thread.
//
// A connection that passes carries the public key of its peer as the property "User-Id" on each of
// its messages; what a peer may do with it is decided at its hello.
#pragma once

#include <map>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "live/wire/core.hpp"
#include "live/wire/keys.hpp"

namespace orrery::live {

class Zap {
 public:
  explicit Zap(Core& core);

  zmq::socket_t& socket() { return socket_; }
  void authorise(const std::vector<Authorised>& authorised);
  /// nullptr for a key that is not on the list.
  const Authorised* find(const std::string& key) const;
  /// Answers what waits.
  void receive();

 private:
  Core& core_;
  zmq::socket_t socket_;
  std::map<std::string, Authorised> by_key_;
};

/// The domain under which the wire's sockets ask.
inline constexpr const char* kZapDomain = "orrery";

/// Makes the socket a CURVE server.
void secure_server(zmq::socket_t& socket, const KeyPair& keys);
/// Makes the socket a CURVE client of the holder of `server_key`.
void secure_client(zmq::socket_t& socket, const KeyPair& keys, const std::string& server_key);

}  // namespace orrery::live
