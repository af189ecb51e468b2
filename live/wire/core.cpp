#include "live/wire/core.hpp"

#include <algorithm>
#include <utility>

#include "actors/error.hpp"

namespace orrery::live {

GatewayCounters Counts::read() const {
  GatewayCounters c;
  c.sent = sent.value();
  c.received = received.value();
  c.dropped_oldest = dropped_oldest.value();
  c.refused_full = refused_full.value();
  c.dropped_gone = dropped_gone.value();
  c.unsendable = unsendable.value();
  c.undecodable = undecodable.value();
  c.unknown = unknown.value();
  c.forbidden = forbidden.value();
  c.frames_sent = frames_sent.value();
  c.frames_received = frames_received.value();
  c.malformed = malformed.value();
  c.strangers = strangers.value();
  c.refused_peers = refused_peers.value();
  c.reconnects = reconnects.value();
  c.losses = losses.value();
  c.news_sent = news_sent.value();
  c.news_dropped = news_dropped.value();
  c.news_missed = news_missed.value();
  c.asked = asked.value();
  c.answered = answered.value();
  c.unanswered = unanswered.value();
  c.stray_answers = stray_answers.value();
  return c;
}

bool Newsroom::post(std::string topic, std::string body) {
  std::lock_guard lock(mutex_);
  bool room = waiting_.size() < kMost;
  if (!room) waiting_.pop_front();
  waiting_.push_back(News{std::move(topic), ++sequence_, std::move(body)});
  return room;
}

std::deque<News> Newsroom::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void Core::trouble(std::string_view text) {
  constexpr int kMostASecond = 10;
  if (now - trouble_since >= std::chrono::seconds(1)) {
    trouble_since = now;
    troubles = 0;
  }
  if (++troubles <= kMostASecond && events.trouble) events.trouble(text);
}

bool Lane::prepare(Core& core) {
  while (in_frame_ == 0) {
    if (staged_at_ == staged_.size()) {
      staged_.clear();
      staged_at_ = 0;
      if (core.mailroom.take(peer_, staged_, kBatch) == 0) return false;
    }
    core.encoder.start();
    size_t at = staged_at_;
    while (at < staged_.size() && !core.encoder.full()) {
      if (!core.encoder.add(staged_[at++], known_)) core.counts.unsendable.add();
    }
    mail_in_frame_ = core.encoder.count();
    if (mail_in_frame_ == 0) {
      staged_at_ = at;
      continue;
    }
    in_frame_ = at - staged_at_;
    std::string_view bytes = core.encoder.finish();
    frame_.rebuild(bytes.data(), bytes.size());
  }
  return true;
}

void Lane::sent(Core& core) {
  staged_at_ += in_frame_;
  in_frame_ = 0;
  core.counts.frames_sent.add();
  core.counts.sent.add(mail_in_frame_);
}

namespace {

bool from_agent(const Message& message) {
  return std::holds_alternative<TaskStarted>(message) ||
         std::holds_alternative<TaskEnded>(message) || std::holds_alternative<TaskFound>(message) ||
         std::holds_alternative<NodeReady>(message);
}

bool from_person(const Message& message) {
  return std::holds_alternative<SubmitJob>(message) || std::holds_alternative<CancelJob>(message);
}

}  // namespace

bool may_send(const Peer& peer, const Envelope& envelope) {
  if (peer.role == Role::kController) return true;
  if (envelope.to.place != 0) return false;
  if (peer.role != Role::kAgent) {
    // Serial 0 is the controller itself.
    return envelope.from.place == 0 && envelope.from.serial != 0 && from_person(envelope.message);
  }
  if (envelope.from.place != peer.place || !from_agent(envelope.message)) return false;
  const auto* ready = std::get_if<NodeReady>(&envelope.message);
  return ready == nullptr || agent_of(ready->node).place == peer.place;
}

void set_common_options(zmq::socket_t& socket, const GatewayConfig& config) {
  // Frames, of 32 KiB and more when many wait: beyond these the mailroom's rule decides.
  constexpr int kFramesInSocket = 64;
  constexpr int kLingerMs = 500;
  socket.set(zmq::sockopt::sndhwm, kFramesInSocket);
  socket.set(zmq::sockopt::rcvhwm, kFramesInSocket);
  socket.set(zmq::sockopt::linger, kLingerMs);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMostFrameBytes));
  socket.set(zmq::sockopt::reconnect_ivl, milliseconds_of(config.first_retry));
  socket.set(zmq::sockopt::reconnect_ivl_max, milliseconds_of(config.last_retry));
  socket.set(zmq::sockopt::connect_timeout, milliseconds_of(config.lost_after));
  socket.set(zmq::sockopt::handshake_ivl, std::max(1000, milliseconds_of(config.lost_after)));
}

bool is_local_endpoint(std::string_view endpoint) {
  if (endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://")) return true;
  constexpr std::string_view kTcp = "tcp://";
  if (!endpoint.starts_with(kTcp)) return false;
  std::string_view host = endpoint.substr(kTcp.size());
  host = host.substr(0, host.rfind(':'));
  // Only what is spelled as an address: a name may be made to mean another machine.
  if (host == "[::1]" || host == "localhost") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

void check_security(const std::string& endpoint, bool has_keys, bool plain) {
  if (endpoint.empty() || has_keys || plain || is_local_endpoint(endpoint)) return;
  throw InputError({"wire endpoint " + endpoint, 0, 0, "CURVE keys, since others can reach it",
                    "none",
                    "make them with orrery keygen, or ask for plain where the network is trusted"});
}

}  // namespace orrery::live
