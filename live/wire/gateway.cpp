#include "live/wire/gateway.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <mutex>
#include <sys/random.h>
#include <thread>
#include <utility>

#include "actors/check.hpp"
#include "actors/error.hpp"
#include "live/wire/core.hpp"
#include "live/wire/link.hpp"
#include "live/wire/server.hpp"

namespace orrery::live {

namespace {

uint64_t draw_incarnation() {
  uint64_t drawn = 0;
  if (::getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) {
    throw EnvironmentError("the system gives no random numbers");
  }
  return drawn;
}

void check(const GatewayConfig& config, const GatewayEvents& events) {
  auto refuse = [](const char* what, const char* expected) {
    throw InputError({std::string("wire: ") + what, 0, 0, expected, "another", ""});
  };
  if (config.beat.ns <= 0 || config.lost_after < config.beat * 2) {
    refuse("lost_after", "at least twice the beat, so that one late beat loses nobody");
  }
  if (config.first_retry.ns <= 0 || config.last_retry < config.first_retry) {
    refuse("last_retry", "no less than the first, and that above zero");
  }
  if (config.answer_within.ns <= 0) refuse("answer_within", "a time above zero");
  if (config.queue == 0) refuse("queue", "room for at least one envelope");
  ORRERY_CHECK(!config.server || events.admit, "a server without a rule for who comes in");
  ORRERY_CHECK(config.links.empty() || config.catalogue, "links without a catalogue");
  for (const LinkConfig& link : config.links) {
    if (link.role == Role::kController) refuse("role of a link", "agent or a person's");
    if (!is_key_name(link.name)) refuse("name of a link", "letters, digits, -, _ and .");
  }
}

}  // namespace

class Gateway::Impl {
 public:
  Impl(GatewayConfig config, GatewayEvents events) : core(std::move(config), std::move(events)) {
    check(core.config, core.events);
    core.incarnation = draw_incarnation();
    // Each link has a socket, one for its handshakes at each end, and one for news.
    const int sockets = static_cast<int>(64 + 4 * core.config.links.size());
    core.context.set(zmq::ctxopt::max_sockets, std::max(1023, sockets));
    for (size_t i = 0; i < core.config.links.size(); ++i) {
      links.push_back(std::make_unique<Link>(core, core.config.links[i], i));
    }
    if (core.config.server) server.emplace(core, *core.config.server);
    if (server) endpoint = server->endpoint();
    if (server) news_endpoint = server->news_endpoint();
  }

  void run() {
    while (!stopping.load()) {
      wait();
      core.now = WireClock::now();
      core.mailroom.bell().heard();
      take_authorised();
      if (server) server->receive();
      for (auto& link : links) link->receive();
      send_mail();
      if (server) server->publish();
      if (core.now >= next_tick) tick();
    }
    send_mail();
    if (server) server->publish();
    if (server) server->end();
    for (auto& link : links) link->say_bye();
  }

  Core core;
  std::vector<std::unique_ptr<Link>> links;
  std::optional<Server> server;
  std::string endpoint;
  std::string news_endpoint;
  std::atomic<bool> stopping{false};
  std::thread thread;
  std::mutex authorise_mutex;
  std::optional<std::vector<Authorised>> new_authorised;

 private:
  void wait() {
    items.clear();
    items.push_back({nullptr, core.mailroom.bell().fd(), ZMQ_POLLIN, 0});
    if (server) server->add_poll_items(items);
    bool busy = server && server->has_more();
    for (auto& link : links) {
      link->add_poll_items(items);
      busy = busy || link->has_more();
    }
    WireTime until = next_tick;
    // ROUTER has no event for one connection that has room again.
    constexpr auto kBlockedRetry = std::chrono::milliseconds(1);
    if (server && server->has_blocked()) until = std::min(until, core.now + kBlockedRetry);
    auto span = std::chrono::ceil<std::chrono::milliseconds>(until - WireClock::now());
    if (busy) span = std::chrono::milliseconds(0);
    zmq::poll(items, std::max(span, std::chrono::milliseconds(0)));
  }

  void send_mail() {
    if (server) server->flush_rest();
    for (auto& link : links) {
      if (link->has_more() || link->is_blocked()) link->flush();
    }
    core.mailroom.ready(ready);
    core.questions.ready(ready);
    for (PeerId peer : ready) {
      // Links have the first numbers, in their order.
      if (peer.value <= links.size()) {
        links[peer.value - 1]->flush();
      } else {
        server->flush(peer);
      }
    }
  }

  void tick() {
    if (server) server->tick();
    for (auto& link : links) link->tick();
    next_tick = core.now + std::max(span_of(core.config.beat) / 4,
                                    std::chrono::nanoseconds(std::chrono::milliseconds(1)));
  }

  void take_authorised() {
    std::optional<std::vector<Authorised>> taken;
    {
      std::lock_guard lock(authorise_mutex);
      taken.swap(new_authorised);
    }
    if (taken && server) server->authorise(*taken);
  }

  std::vector<zmq::pollitem_t> items;
  std::vector<PeerId> ready;
  WireTime next_tick{};
};

Gateway::Gateway(GatewayConfig config, GatewayEvents events)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(events))) {}

Gateway::~Gateway() { stop(); }

void Gateway::start() {
  ORRERY_CHECK(!impl_->thread.joinable(), "a gateway is started twice");
  // Signals are for the program's own threads; here they would only interrupt calls.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  impl_->thread = std::thread([this] { impl_->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Gateway::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->stopping = true;
  impl_->core.mailroom.bell().ring();
  impl_->thread.join();
}

std::string Gateway::endpoint() const { return impl_->endpoint; }
std::string Gateway::news_endpoint() const { return impl_->news_endpoint; }
PeerId Gateway::link(size_t index) const { return impl_->links.at(index)->id(); }

Posted Gateway::send(PeerId to, const Envelope& envelope) {
  Posted posted = impl_->core.mailroom.post(to, envelope);
  if (posted == Posted::kOldestDropped) impl_->core.counts.dropped_oldest.add();
  if (posted == Posted::kFull) impl_->core.counts.refused_full.add();
  return posted;
}

uint64_t Gateway::ask(PeerId peer, std::string what, std::string body) {
  Core& core = impl_->core;
  const auto expires = WireClock::now() + span_of(core.config.answer_within);
  const uint64_t id = core.questions.ask(peer, what, body, nanoseconds_at(expires));
  if (id != 0) core.mailroom.bell().ring();
  return id;
}

bool Gateway::answer(PeerId peer, uint64_t id, bool ok, std::string body) {
  if (!impl_->core.questions.answer(peer, id, ok, body)) return false;
  impl_->core.mailroom.bell().ring();
  return true;
}

void Gateway::publish(std::string topic, std::string body) {
  if (!impl_->core.newsroom.post(std::move(topic), std::move(body))) {
    impl_->core.counts.news_dropped.add();
  }
  impl_->core.mailroom.bell().ring();
}

void Gateway::authorise(std::vector<Authorised> authorised) {
  {
    std::lock_guard lock(impl_->authorise_mutex);
    impl_->new_authorised = std::move(authorised);
  }
  impl_->core.mailroom.bell().ring();
}

GatewayCounters Gateway::counters() const { return impl_->core.counts.read(); }

}  // namespace orrery::live
