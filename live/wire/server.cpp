#include "live/wire/server.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <utility>
#include <zmq.h>

#include "actors/error.hpp"
#include "live/wire/news.hpp"

namespace orrery::live {

namespace {

/// Few enough that what goes out, and heartbeats, need not wait long for what comes in.
constexpr int kFramesPerTurn = 32;

std::string control(FrameKind kind) {
  Frame frame;
  frame.kind = kind;
  return encode_frame(frame);
}

const std::string& beat() {
  static const std::string kBeat = control(FrameKind::kBeat);
  return kBeat;
}

std::string who(const Peer& peer) { return std::string(name_of(peer.role)) + " " + peer.name; }

}  // namespace

Server::Server(Core& core, const ServerConfig& config)
    : core_(core),
      name_(config.name),
      curve_(config.keys.has_value()),
      router_(core.context, zmq::socket_type::router) {
  check_security(config.endpoint, curve_, config.plain);
  check_security(config.news, curve_, config.plain);
  set_common_options(router_, core.config);
  // A send to a peer that has gone is told, instead of lost in silence.
  router_.set(zmq::sockopt::router_mandatory, true);
  if (curve_) {
    zap_.emplace(core);
    zap_->authorise(config.authorised);
    secure_server(router_, *config.keys);
    watch_handshakes();
  }
  bind(router_, config.endpoint);
  if (config.news.empty()) return;
  pub_.emplace(core.context, zmq::socket_type::pub);
  set_common_options(*pub_, core.config);
  // A watcher that is slow misses news; it sees by their numbers that it did.
  constexpr int kNewsInSocket = 1000;
  pub_->set(zmq::sockopt::sndhwm, kNewsInSocket);
  if (curve_) secure_server(*pub_, *config.keys);
  bind(*pub_, config.news);
}

void Server::bind(zmq::socket_t& socket, const std::string& endpoint) {
  try {
    socket.set(zmq::sockopt::ipv6, endpoint.find('[') != std::string::npos);
    socket.bind(endpoint);
  } catch (const zmq::error_t& e) {
    throw EnvironmentError("cannot listen at " + endpoint + ": " + e.what() +
                           "; is the address of this machine, and is no other controller there?");
  }
  constexpr std::string_view kIpc = "ipc://";
  if (curve_ || !endpoint.starts_with(kIpc) || endpoint.starts_with("ipc://@")) return;
  // Without keys, who may open the socket's file is who may speak.
  std::string bound = socket.get(zmq::sockopt::last_endpoint);
  ::chmod(bound.substr(kIpc.size()).c_str(), 0600);
}

std::string Server::news_endpoint() const {
  return pub_ ? pub_->get(zmq::sockopt::last_endpoint) : std::string();
}

void Server::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  items.push_back({router_.handle(), 0, ZMQ_POLLIN, 0});
  if (zap_) items.push_back({zap_->socket().handle(), 0, ZMQ_POLLIN, 0});
  if (monitor_) items.push_back({monitor_->handle(), 0, ZMQ_POLLIN, 0});
}

// ---- What comes in -----------------------------------------------------------------------------

void Server::watch_handshakes() {
  const std::string endpoint = "inproc://router-handshakes";
  zmq_socket_monitor(router_.handle(), endpoint.c_str(),
                     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
  monitor_.emplace(core_.context, zmq::socket_type::pair);
  monitor_->set(zmq::sockopt::linger, 0);
  monitor_->connect(endpoint);
}

/// Keys that are not on the list are counted by Zap; here are those that have none, or that were
/// made for another controller.
void Server::receive_handshakes() {
  zmq::message_t part;
  while (monitor_->recv(part, zmq::recv_flags::dontwait)) {
    zmq::message_t endpoint;
    if (part.more() && !monitor_->recv(endpoint, zmq::recv_flags::none)) return;
    core_.counts.refused_peers.add();
    core_.trouble("refused a connection: it does not speak CURVE with this controller's key");
  }
}

void Server::receive() {
  if (zap_) zap_->receive();
  if (monitor_) receive_handshakes();
  drained_ = false;
  for (int i = 0; i < kFramesPerTurn && !drained_; ++i) drained_ = !receive_one();
}

bool Server::receive_one() {
  zmq::message_t part;
  if (!router_.recv(part, zmq::recv_flags::dontwait)) return false;
  const std::string routing(view_of(part));
  zmq::message_t body;
  int parts = 0;
  for (bool more = part.more(); more; ++parts) {
    if (!router_.recv(body, zmq::recv_flags::none)) return false;
    more = body.more();
  }
  core_.counts.frames_received.add();
  if (parts == 1) {
    handle(routing, body);
  } else {
    core_.counts.malformed.add();
  }
  return true;
}

void Server::handle(const std::string& routing, zmq::message_t& body) {
  const char* property = curve_ ? zmq_msg_gets(body.handle(), "User-Id") : "";
  const std::string key = property == nullptr ? "" : property;
  Frame frame;
  switch (parse_frame(view_of(body), frame)) {
    case FrameFault::kMalformed:
      core_.counts.malformed.add();
      core_.trouble("a peer sent a frame that is none");
      return;
    case FrameFault::kOtherVersion:
      return refuse(routing, "a peer", "version", version_refusal(frame.major));
    case FrameFault::kNone: break;
  }
  if (frame.kind == FrameKind::kHello) return hello(routing, key, frame);
  auto found = by_routing_.find(routing);
  // A routing id is the connection's own choice; the key is what proves who speaks.
  if (found == by_routing_.end() || found->second->peer.key != key) {
    core_.counts.strangers.add();
    if (frame.kind != FrameKind::kBye) say_to(routing, control(FrameKind::kAgain));
    return;
  }
  Remote& remote = *found->second;
  remote.heard = core_.now;
  if (frame.kind == FrameKind::kMail) take_mail(remote, frame);
  if (frame.kind == FrameKind::kAnswer) take_answer(remote, frame);
  if (frame.kind == FrameKind::kAsk) refuse_question(remote, frame);
  if (frame.kind == FrameKind::kNeed) remote.lane.send_again(jobs_of(frame));
  if (frame.kind == FrameKind::kBye) lose(remote, "it has left");
}

void Server::take_mail(Remote& remote, const Frame& frame) {
  uint64_t given = 0;
  MailCounts came = decoder_.decode(frame.mail, [&](const Envelope& envelope) {
    if (!may_send(remote.peer, envelope)) return;
    ++given;
    if (core_.events.mail) core_.events.mail(remote.peer, envelope);
  });
  core_.counts.received.add(given);
  core_.counts.undecodable.add(came.undecodable);
  core_.counts.unknown.add(came.unknown);
  if (came.undecodable > 0) {
    core_.trouble("mail from " + who(remote.peer) + " was left out: " + decoder_.fault());
  }
  if (given == came.decoded) return;
  core_.counts.forbidden.add(came.decoded - given);
  core_.trouble("mail from " + who(remote.peer) + " was left out: it may not send such");
}

void Server::take_answer(const Remote& remote, const Frame& frame) {
  if (!core_.questions.settle(remote.peer.id, frame.id)) {
    core_.counts.stray_answers.add();
    return;
  }
  core_.counts.answered.add();
  if (core_.events.answered) core_.events.answered(remote.peer, frame.id, frame.ok, frame.body);
}

/// Agents answer, and people ask by the HTTP interface; neither asks here.
void Server::refuse_question(Remote& remote, const Frame& frame) {
  core_.counts.forbidden.add();
  core_.trouble("a question of " + who(remote.peer) + " was refused: it may not ask");
  Frame answer;
  answer.kind = FrameKind::kAnswer;
  answer.id = frame.id;
  answer.body = "only the controller asks";
  say(remote, encode_frame(answer));
}

void Server::end_question(const Peer& peer, uint64_t id, std::string_view why) {
  core_.counts.unanswered.add();
  if (core_.events.answered) core_.events.answered(peer, id, false, why);
}

void Server::begin_questions(const Remote& remote) {
  end_questions(remote, "lost");
  if (remote.peer.role == Role::kAgent) core_.questions.open(remote.peer.id, /*asks=*/true);
}

void Server::end_questions(const Remote& remote, std::string_view why) {
  for (uint64_t id : core_.questions.close(remote.peer.id)) end_question(remote.peer, id, why);
}

// ---- Who comes in ------------------------------------------------------------------------------

void Server::hello(const std::string& routing, const std::string& key, const Frame& frame) {
  std::optional<Peer> peer = identify(routing, key, frame);
  if (!peer) return;
  auto found = by_routing_.find(routing);
  if (found != by_routing_.end()) {
    Remote& remote = *found->second;
    if (remote.peer.key == key && remote.peer.incarnation == peer->incarnation) {
      // It has not heard our answer yet, or lost its session on its side.
      remote.heard = core_.now;
      remote.lane.restart();
      begin_questions(remote);
      return welcome(remote);
    }
    lose(remote, "another peer has its connection");
  }
  admit(routing, std::move(*peer));
}

std::optional<Peer> Server::identify(const std::string& routing, const std::string& key,
                                     const Frame& frame) {
  Peer peer;
  peer.name = frame.name;
  peer.key = key;
  peer.software = frame.software;
  peer.run = frame.run;
  peer.incarnation = frame.incarnation;
  const std::string claim = std::string(frame.role) + " " + peer.name;
  auto role = role_named(frame.role);
  if (!role || *role == Role::kController) {
    refuse(routing, claim, "role", "a peer is agent, user, operator or admin");
    return std::nullopt;
  }
  peer.role = *role;
  if (!is_key_name(peer.name)) {
    refuse(routing, claim, "name", "a name has letters, digits, \"-\", \"_\" and \".\"");
    return std::nullopt;
  }
  if (!curve_) return peer;
  const Authorised* authorised = zap_->find(key);
  if (authorised == nullptr) {
    refuse(routing, claim, "key", "this key is not authorised");
    return std::nullopt;
  }
  const bool agent = peer.role == Role::kAgent;
  if (agent != (authorised->role == Role::kAgent) || peer.role > authorised->role) {
    refuse(routing, claim, "role",
           "its key is that of " + std::string(name_of(authorised->role)) + " " + authorised->name);
    return std::nullopt;
  }
  if (agent && peer.name != authorised->name) {
    refuse(routing, claim, "name", "its key is that of node " + authorised->name);
    return std::nullopt;
  }
  peer.role = authorised->role;
  peer.name = authorised->name;
  return peer;
}

void Server::admit(const std::string& routing, Peer peer) {
  auto known = peer.role == Role::kAgent ? agents_.find(peer.name) : agents_.end();
  Remote* remote = known == agents_.end() ? nullptr : known->second;
  if (remote == nullptr && remotes_.size() >= core_.config.most_peers) {
    return refuse(routing, who(peer), "full", "this controller has as many peers as it may");
  }
  if (remote != nullptr) {
    peer.id = remote->peer.id;
    peer.sessions = remote->peer.sessions;
  }
  Admission admission = core_.events.admit(peer);
  if (admission.accepted && peer.role == Role::kAgent && admission.place == 0) {
    admission = {false, 0, "no node of this name is known here"};
  }
  if (!admission.accepted) return refuse(routing, who(peer), "admission", admission.why);
  if (remote == nullptr) {
    peer.id = core_.new_peer();
    auto& place = remotes_[peer.id.value];
    place = std::make_unique<Remote>(peer.id);
    remote = place.get();
    if (peer.role == Role::kAgent) agents_[peer.name] = remote;
    core_.mailroom.open(peer.id);
  } else if (remote->up) {
    Frame displaced;
    displaced.kind = FrameKind::kRefused;
    displaced.code = "displaced";
    displaced.why = "another connection speaks for this node now";
    say_to(remote->routing, encode_frame(displaced));
    lose(*remote, "it has come back by another connection");
  }
  peer.place = peer.role == Role::kAgent ? admission.place : 0;
  ++peer.sessions;
  remote->peer = std::move(peer);
  remote->routing = routing;
  remote->up = true;
  remote->heard = core_.now;
  remote->lane.restart();
  by_routing_[routing] = remote;
  if (remote->peer.sessions > 1) core_.counts.reconnects.add();
  const PeerId id = remote->peer.id;
  begin_questions(*remote);
  welcome(*remote);
  if (core_.events.up) core_.events.up(remote->peer);
  flush(id);
}

void Server::welcome(Remote& remote) {
  Frame frame;
  frame.kind = FrameKind::kWelcome;
  frame.name = name_;
  frame.software = core_.config.software;
  frame.run = core_.config.run;
  frame.incarnation = core_.incarnation;
  frame.place = remote.peer.place;
  say(remote, encode_frame(frame));
}

void Server::refuse(const std::string& routing, const std::string& who_it_is, std::string_view code,
                    const std::string& why) {
  core_.counts.refused_peers.add();
  core_.trouble("refused " + who_it_is + ": " + why);
  Frame frame;
  frame.kind = FrameKind::kRefused;
  frame.code = code;
  frame.why = why;
  say_to(routing, encode_frame(frame));
}

void Server::lose(Remote& remote, const std::string& why) {
  if (!remote.up) return;
  remote.up = false;
  by_routing_.erase(remote.routing);
  core_.counts.losses.add();
  remote.lane.restart();
  end_questions(remote, "lost");
  if (core_.events.lost) core_.events.lost(remote.peer, why);
  if (remote.peer.role == Role::kAgent) return;
  // A person comes back as somebody new; nobody waits for what was to be told.
  const PeerId id = remote.peer.id;
  core_.counts.dropped_gone.add(core_.mailroom.close(id) + remote.lane.staged());
  remotes_.erase(id.value);
}

void Server::authorise(const std::vector<Authorised>& authorised) {
  if (!zap_) return;
  zap_->authorise(authorised);
  std::vector<Remote*> gone;
  for (auto& [id, remote] : remotes_) {
    const Authorised* entry = zap_->find(remote->peer.key);
    bool good =
        entry != nullptr && entry->role == remote->peer.role && entry->name == remote->peer.name;
    if (remote->up && !good) gone.push_back(remote.get());
  }
  for (Remote* remote : gone) {
    refuse(remote->routing, who(remote->peer), "key", "this key is not authorised any more");
    lose(*remote, "its key is not authorised any more");
  }
}

// ---- What goes out -----------------------------------------------------------------------------

Lane::Taken Server::send(const std::string& routing, zmq::message_t& frame) {
  if (zmq_send(router_.handle(), routing.data(), routing.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
    return errno == EAGAIN ? Lane::Taken::kNotNow : Lane::Taken::kGone;
  }
  // The connection was chosen by the first part; the second can't wait any more.
  return zmq_msg_send(frame.handle(), router_.handle(), ZMQ_DONTWAIT) < 0 ? Lane::Taken::kGone
                                                                          : Lane::Taken::kYes;
}

void Server::say_to(const std::string& routing, const std::string& text) {
  zmq::message_t frame(text.data(), text.size());
  if (send(routing, frame) == Lane::Taken::kYes) core_.counts.frames_sent.add();
}

bool Server::say(Remote& remote, const std::string& text) {
  zmq::message_t frame(text.data(), text.size());
  Lane::Taken taken = send(remote.routing, frame);
  if (taken == Lane::Taken::kGone) return false;
  // A full connection has other things to hear us by.
  remote.spoken = core_.now;
  if (taken == Lane::Taken::kYes) core_.counts.frames_sent.add();
  return true;
}

void Server::flush(PeerId peer) {
  auto found = remotes_.find(peer.value);
  if (found == remotes_.end() || !found->second->up) return;
  Remote& remote = *found->second;
  Lane::Flow flow = remote.lane.flush(core_, [&](zmq::message_t& frame) {
    Lane::Taken taken = send(remote.routing, frame);
    if (taken == Lane::Taken::kYes) remote.spoken = core_.now;
    return taken;
  });
  if (flow == Lane::Flow::kMore) more_.push_back(peer);
  if (flow == Lane::Flow::kBlocked) blocked_.push_back(peer);
  if (flow == Lane::Flow::kGone) lose(remote, "its connection is closed");
}

void Server::flush_rest() {
  std::vector<PeerId> peers = std::exchange(more_, {});
  peers.insert(peers.end(), blocked_.begin(), blocked_.end());
  blocked_.clear();
  for (PeerId peer : peers) flush(peer);
}

void Server::publish() {
  for (const News& news : core_.newsroom.take()) {
    if (!pub_) continue;
    const std::string body = encode_news(news);
    // A publisher never waits: what a watcher can't take is dropped for that watcher alone.
    pub_->send(zmq::buffer(news.topic), zmq::send_flags::sndmore);
    pub_->send(zmq::buffer(body), zmq::send_flags::none);
    core_.counts.news_sent.add();
  }
}

void Server::tick() {
  std::vector<Remote*> silent;
  std::vector<Remote*> closed;
  const auto patience = patience_of(core_.config, drained_);
  for (auto& [id, remote] : remotes_) {
    if (!remote->up) continue;
    if (core_.now - remote->heard > patience) {
      silent.push_back(remote.get());
    } else if (core_.now - remote->spoken >= span_of(core_.config.beat)) {
      if (!say(*remote, beat())) closed.push_back(remote.get());
    }
  }
  for (Remote* remote : silent) {
    lose(*remote, "it was not heard for " + human_text(core_.config.lost_after));
  }
  for (Remote* remote : closed) lose(*remote, "its connection is closed");
  for (const Questions::Asked& over : core_.questions.expire(nanoseconds_at(core_.now))) {
    end_question(remotes_.at(over.peer.value)->peer, over.id, "no answer");
  }
}

void Server::end() {
  const std::string bye = control(FrameKind::kBye);
  for (auto& [id, remote] : remotes_) {
    if (remote->up) say(*remote, bye);
    end_questions(*remote, "lost");
  }
}

}  // namespace orrery::live
