#include "live/wire/link.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <zmq.h>

#include "actors/error.hpp"
#include "live/wire/news.hpp"
#include "live/wire/zap.hpp"

namespace orrery::live {

namespace {

constexpr int kFramesPerTurn = 32;

void connect(zmq::socket_t& socket, const std::string& endpoint) {
  try {
    socket.set(zmq::sockopt::ipv6, true);
    socket.connect(endpoint);
  } catch (const zmq::error_t& e) {
    throw InputError(
        {"wire endpoint " + endpoint, 0, 0, "an address such as tcp://host:7601", e.what(), ""});
  }
}

}  // namespace

Link::Link(Core& core, LinkConfig config, size_t index)
    : core_(core),
      config_(std::move(config)),
      monitor_name_("inproc://link-" + std::to_string(index) + "-handshakes-"),
      lane_(core.new_peer()),
      decoder_(core.config.catalogue) {
  peer_.id = lane_.peer();
  peer_.role = Role::kController;
  peer_.key = config_.server_key;
  bool has_keys = config_.keys.has_value();
  if (has_keys && !is_key(config_.server_key)) {
    throw InputError({"wire endpoint " + config_.endpoint, 0, 0, "the controller's public key",
                      config_.server_key.empty() ? "none" : "something else",
                      "it stands in the .public file that orrery keygen made for it"});
  }
  check_security(config_.endpoint, has_keys, config_.plain);
  check_security(config_.news, has_keys, config_.plain);
  core_.mailroom.open(peer_.id);
  wait_ = span_of(core_.config.first_retry);
  open();
  open_news();
}

void Link::open() {
  dealer_.emplace(core_.context, zmq::socket_type::dealer);
  set_common_options(*dealer_, core_.config);
  // Nothing is handed to a connection that is not there: it would go out late and out of order.
  dealer_->set(zmq::sockopt::immediate, true);
  if (config_.keys) {
    secure_client(*dealer_, *config_.keys, config_.server_key);
    watch_handshakes();
  }
  connect(*dealer_, config_.endpoint);
  state_ = State::kConnecting;
  hello_sent_ = false;
}

void Link::open_again() {
  try {
    open();
  } catch (const std::exception& e) {  // out of descriptors, for one
    core_.trouble("cannot connect to " + config_.endpoint + ": " + e.what());
    retry_after(span_of(core_.config.last_retry));
  }
}

void Link::open_news() {
  if (config_.news.empty()) return;
  sub_.emplace(core_.context, zmq::socket_type::sub);
  set_common_options(*sub_, core_.config);
  constexpr int kNewsInSocket = 1000;
  sub_->set(zmq::sockopt::rcvhwm, kNewsInSocket);
  if (config_.keys) secure_client(*sub_, *config_.keys, config_.server_key);
  for (const std::string& topic : config_.topics) sub_->set(zmq::sockopt::subscribe, topic);
  connect(*sub_, config_.news);
}

void Link::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  if (dealer_) {
    bool wants_out = (state_ == State::kConnecting && !hello_sent_) || is_blocked();
    short events = wants_out ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
    items.push_back({dealer_->handle(), 0, events, 0});
  }
  if (monitor_) items.push_back({monitor_->handle(), 0, ZMQ_POLLIN, 0});
  if (sub_) items.push_back({sub_->handle(), 0, ZMQ_POLLIN, 0});
}

// ---- What comes in -----------------------------------------------------------------------------

void Link::watch_handshakes() {
  // Each socket gets an endpoint of its own: the last one's may not be free yet.
  const std::string endpoint = monitor_name_ + std::to_string(++monitors_);
  zmq_socket_monitor(dealer_->handle(), endpoint.c_str(), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  monitor_.emplace(core_.context, zmq::socket_type::pair);
  monitor_->set(zmq::sockopt::linger, 0);
  monitor_->connect(endpoint);
}

void Link::receive_handshakes() {
  zmq::message_t part;
  bool failed = false;
  while (monitor_->recv(part, zmq::recv_flags::dontwait)) failed = true;
  if (failed) refused("key", "the controller does not know this key");
}

void Link::receive() {
  if (state_ == State::kConnecting && !hello_sent_) say_hello();
  drained_ = false;
  for (int i = 0; dealer_ && i < kFramesPerTurn; ++i) {
    zmq::message_t part;
    if (!dealer_->recv(part, zmq::recv_flags::dontwait)) {
      drained_ = true;
      break;
    }
    bool whole = !part.more();
    zmq::message_t rest;
    while (part.more() || rest.more()) {
      if (!dealer_->recv(rest, zmq::recv_flags::none) || !rest.more()) break;
    }
    core_.counts.frames_received.add();
    if (whole) {
      handle(view_of(part));
    } else {
      core_.counts.malformed.add();
    }
  }
  if (monitor_) receive_handshakes();
  if (sub_) receive_news();
}

void Link::receive_news() {
  zmq::message_t topic;
  for (int i = 0; i < kFramesPerTurn && sub_->recv(topic, zmq::recv_flags::dontwait); ++i) {
    News news;
    news.topic = view_of(topic);
    zmq::message_t body;
    int parts = 0;
    for (bool more = topic.more(); more; ++parts) {
      if (!sub_->recv(body, zmq::recv_flags::none)) return;
      more = body.more();
    }
    if (parts != 1 || !decode_news(view_of(body), news)) {
      core_.counts.malformed.add();
      continue;
    }
    // A watcher of some topics sees gaps where the others were told; it misses nothing.
    bool watches_all = std::count(config_.topics.begin(), config_.topics.end(), "") > 0;
    if (watches_all && news_sequence_ != 0 && news.sequence > news_sequence_ + 1) {
      core_.counts.news_missed.add(news.sequence - news_sequence_ - 1);
    }
    news_sequence_ = news.sequence;
    if (core_.events.news) core_.events.news(news);
  }
}

void Link::handle(std::string_view bytes) {
  Frame frame;
  switch (parse_frame(bytes, frame)) {
    case FrameFault::kMalformed: core_.counts.malformed.add(); return;
    case FrameFault::kOtherVersion: return refused("version", version_refusal(frame.major));
    case FrameFault::kNone: break;
  }
  heard_ = core_.now;
  switch (frame.kind) {
    case FrameKind::kWelcome: return welcome(frame);
    case FrameKind::kRefused: return refused(frame.code, frame.why);
    case FrameKind::kAgain:
      // Frames from before the hello are answered so, too.
      if (state_ == State::kConnecting && hello_sent_) return;
      end_session("the controller does not know this session");
      hello_sent_ = false;
      return say_hello();
    case FrameKind::kMail: return take_mail(frame);
    case FrameKind::kAsk: return take_question(frame);
    case FrameKind::kAnswer: return core_.counts.stray_answers.add();
    case FrameKind::kNeed: return lane_.send_again(jobs_of(frame));
    case FrameKind::kBye:
      end_session("the controller has left");
      return retry_after(span_of(core_.config.first_retry));
    default: return;
  }
}

void Link::welcome(const Frame& frame) {
  if (state_ == State::kUp && peer_.incarnation == frame.incarnation) return;
  end_session("the controller is another one");
  peer_.name = frame.name;
  peer_.software = frame.software;
  peer_.run = frame.run;
  peer_.incarnation = frame.incarnation;
  peer_.place = frame.place;
  if (++peer_.sessions > 1) core_.counts.reconnects.add();
  state_ = State::kUp;
  wait_ = span_of(core_.config.first_retry);
  lane_.restart();
  core_.questions.open(peer_.id, /*asks=*/false);
  if (core_.events.up) core_.events.up(peer_);
  flush();
}

void Link::refused(std::string_view code, std::string_view why) {
  core_.counts.refused_peers.add();
  end_session(why);
  // Somebody has to change something first.
  retry_after(span_of(core_.config.last_retry));
  core_.trouble("the controller at " + config_.endpoint +
                " refuses this peer: " + std::string(why));
  if (core_.events.refused) core_.events.refused(peer_, code, why);
}

void Link::take_mail(const Frame& frame) {
  if (state_ != State::kUp) {
    core_.counts.strangers.add();
    return;
  }
  MailCounts came = decoder_.decode(frame.mail, [&](const Envelope& envelope) {
    if (core_.events.mail) core_.events.mail(peer_, envelope);
  });
  core_.counts.received.add(came.decoded);
  core_.counts.undecodable.add(came.undecodable);
  core_.counts.unknown.add(came.unknown);
  if (came.undecodable > 0) {
    core_.trouble("mail from the controller was left out: " + decoder_.fault());
  }
  if (!decoder_.missing().empty()) say(encode_need(decoder_.missing()));
}

void Link::take_question(const Frame& frame) {
  if (state_ != State::kUp) {
    core_.counts.strangers.add();
    return;
  }
  const uint64_t id = core_.questions.came(peer_.id, frame.id);
  if (core_.events.asked) {
    core_.counts.asked.add();
    return core_.events.asked(peer_, id, frame.what, frame.body);
  }
  core_.questions.answer(peer_.id, id, false, "this peer answers no questions");
}

// ---- Sessions ----------------------------------------------------------------------------------

void Link::end_session(std::string_view why) {
  bool was_up = state_ == State::kUp;
  state_ = State::kConnecting;
  flow_ = Lane::Flow::kIdle;
  lane_.restart();
  core_.questions.close(peer_.id);
  if (!was_up) return;
  core_.counts.losses.add();
  if (core_.events.lost) core_.events.lost(peer_, why);
}

void Link::retry_after(WireTime::duration wait) {
  state_ = State::kWaiting;
  retry_at_ = core_.now + wait;
  if (dealer_) dealer_->set(zmq::sockopt::linger, 0);
  monitor_.reset();
  dealer_.reset();
}

void Link::say_hello() {
  Frame frame;
  frame.kind = FrameKind::kHello;
  frame.role = name_of(config_.role);
  frame.name = config_.name;
  frame.software = core_.config.software;
  frame.run = core_.config.run;
  frame.incarnation = core_.incarnation;
  hello_sent_ = say(encode_frame(frame));
  if (hello_sent_) hello_at_ = core_.now;
}

bool Link::say(const std::string& text) {
  if (!dealer_) return false;
  zmq::message_t frame(text.data(), text.size());
  if (zmq_msg_send(frame.handle(), dealer_->handle(), ZMQ_DONTWAIT) < 0) return false;
  core_.counts.frames_sent.add();
  spoken_ = core_.now;
  return true;
}

void Link::flush() {
  if (state_ != State::kUp) return;
  flow_ = lane_.flush(core_, [&](zmq::message_t& frame) {
    if (zmq_msg_send(frame.handle(), dealer_->handle(), ZMQ_DONTWAIT) < 0) {
      return Lane::Taken::kNotNow;
    }
    spoken_ = core_.now;
    return Lane::Taken::kYes;
  });
}

void Link::tick() {
  static const std::string kBeat = [] {
    Frame frame;
    frame.kind = FrameKind::kBeat;
    return encode_frame(frame);
  }();
  const auto patience = patience_of(core_.config, drained_);
  switch (state_) {
    case State::kWaiting:
      if (core_.now >= retry_at_) open_again();
      break;
    case State::kConnecting:
      if (!hello_sent_) {
        say_hello();
      } else if (core_.now - hello_at_ > patience) {
        wait_ = std::min<WireTime::duration>(2 * wait_, span_of(core_.config.last_retry));
        retry_after(wait_);
      }
      break;
    case State::kUp:
      if (core_.now - heard_ > patience) {
        end_session("the controller was not heard for " + human_text(core_.config.lost_after));
        retry_after(wait_);
      } else if (core_.now - spoken_ >= span_of(core_.config.beat)) {
        say(kBeat);
      }
      break;
  }
}

void Link::say_bye() {
  if (state_ != State::kUp) return;
  Frame frame;
  frame.kind = FrameKind::kBye;
  say(encode_frame(frame));
}

}  // namespace orrery::live
