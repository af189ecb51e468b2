#include "live/wire/zap.hpp"

#include <array>
#include <zmq.h>

namespace orrery::live {

Zap::Zap(Core& core) : core_(core), socket_(core.context, zmq::socket_type::rep) {
  socket_.bind("inproc://zeromq.zap.01");
}

void Zap::authorise(const std::vector<Authorised>& authorised) {
  by_key_.clear();
  for (const Authorised& one : authorised) {
    // A controller is known by its own clients; nobody comes in with its key.
    if (one.role != Role::kController) by_key_[one.public_key] = one;
  }
}

const Authorised* Zap::find(const std::string& key) const {
  auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

void Zap::receive() {
  // Version, request id, domain, address, routing id, mechanism, then credentials.
  constexpr size_t kId = 1;
  constexpr size_t kAddress = 3;
  constexpr size_t kMechanism = 5;
  constexpr size_t kKey = 6;
  for (;;) {
    std::vector<std::string> parts;
    zmq::message_t part;
    if (!socket_.recv(part, zmq::recv_flags::dontwait)) return;
    parts.emplace_back(view_of(part));
    while (part.more()) {
      if (!socket_.recv(part, zmq::recv_flags::none)) return;
      parts.emplace_back(view_of(part));
    }
    std::string key;
    if (parts.size() == kKey + 1 && parts[kMechanism] == "CURVE" && parts[kKey].size() == 32) {
      std::array<char, 41> text{};
      zmq_z85_encode(text.data(), reinterpret_cast<const uint8_t*>(parts[kKey].data()), 32);
      key = text.data();
    }
    bool good = find(key) != nullptr;
    if (!good) {
      core_.counts.refused_peers.add();
      core_.trouble(
          "refused a connection from " + (parts.size() > kAddress ? parts[kAddress] : "nowhere") +
          (key.empty() ? ": it has no CURVE key" : ": its key is not authorised: " + key));
    }
    const std::array<std::string, 6> reply{"1.0",
                                           parts.size() > kId ? parts[kId] : "",
                                           good ? "200" : "400",
                                           good ? "OK" : "this key is not authorised",
                                           key,
                                           ""};
    for (size_t i = 0; i < reply.size(); ++i) {
      socket_.send(zmq::buffer(reply[i]),
                   i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }
}

void secure_server(zmq::socket_t& socket, const KeyPair& keys) {
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
  socket.set(zmq::sockopt::zap_domain, kZapDomain);
}

void secure_client(zmq::socket_t& socket, const KeyPair& keys, const std::string& server_key) {
  socket.set(zmq::sockopt::curve_publickey, keys.public_key);
  socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
  socket.set(zmq::sockopt::curve_serverkey, server_key);
}

}  // namespace orrery::live
