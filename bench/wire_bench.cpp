// How much mail the wire carries, and how long one exchange takes: gateways over TCP on loopback.

#include <algorithm>
#include <atomic>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "live/wire/gateway.hpp"

namespace orrery::bench {
namespace {

using live::Envelope;
using live::Gateway;
using live::GatewayConfig;
using live::GatewayEvents;
using live::Posted;
using Clock = std::chrono::steady_clock;

constexpr uint64_t kBurst = 200'000;

/// A controller and `peers` agents; all agents live in a second gateway, so that two threads do the
/// work whatever their number.
class Pair {
 public:
  explicit Pair(uint32_t peers, bool curve) : up_(peers) {
    live::KeyPair controller_keys = live::generate_keys();
    GatewayConfig server;
    server.server.emplace();
    server.server->endpoint = "tcp://127.0.0.1:*";
    if (curve) server.server->keys = controller_keys;
    GatewayConfig agents;
    agents.catalogue = &catalogue_;
    for (uint32_t i = 0; i < peers; ++i) {
      live::LinkConfig link;
      link.name = "node-" + std::to_string(i);
      if (curve) {
        link.keys = live::generate_keys();
        link.server_key = controller_keys.public_key;
        server.server->authorised.push_back({live::Role::kAgent, link.name, link.keys->public_key});
      }
      agents.links.push_back(link);
    }
    controller_ = std::make_unique<Gateway>(server, controller_events());
    for (auto& link : agents.links) link.endpoint = controller_->endpoint();
    agents_ = std::make_unique<Gateway>(agents, agent_events());
    controller_->start();
    agents_->start();
    while (up_count_.load() < 2 * peers) std::this_thread::yield();
  }
  ~Pair() {
    agents_->stop();
    controller_->stop();
  }

  /// All agents send to the controller; returns when all has been decoded there.
  void burst() {
    const uint64_t goal = received_.load() + kBurst;
    const auto peers = static_cast<uint64_t>(up_.size());
    for (uint64_t i = 0; i < kBurst; ++i) {
      auto place = static_cast<uint32_t>(i % peers) + 1;
      Envelope envelope{{place, 0}, kController, TaskEnded{{7}, 1, 0, ExitCause::kDone, 0}};
      envelope.message.emplace<TaskEnded>(
          TaskEnded{{static_cast<uint32_t>(i)}, 1, 0, ExitCause::kDone, 0});
      // Nobody waits inside; who has more than the queue takes has to.
      while (sent_to_wire_ - received_.load() > kInFlight * peers) std::this_thread::yield();
      agents_->send(agents_->link(place - 1), envelope);
      ++sent_to_wire_;
    }
    while (received_.load() < goal) std::this_thread::yield();
  }

  /// Controller to agent and back; nanoseconds.
  int64_t round_trip() {
    const uint64_t before = answered_.load();
    auto start = Clock::now();
    controller_->send(up_[0], {kController, {1, 0}, Welcome{{0}}});
    while (answered_.load() == before) std::this_thread::yield();
    return std::chrono::nanoseconds(Clock::now() - start).count();
  }

  uint64_t lost() const {
    auto c = agents_->counters();
    return c.dropped_oldest + c.refused_full + controller_->counters().undecodable;
  }

 private:
  static constexpr uint64_t kInFlight = 5'000;

  GatewayEvents controller_events() {
    GatewayEvents events;
    events.admit = [](const live::Peer& peer) {
      return live::Admission{true, static_cast<uint32_t>(std::stoul(peer.name.substr(5))) + 1, ""};
    };
    events.up = [this](const live::Peer& peer) {
      up_[peer.place - 1] = peer.id;
      ++up_count_;
    };
    events.mail = [this](const live::Peer&, const Envelope& envelope) {
      if (std::holds_alternative<NodeReady>(envelope.message)) {
        answered_.fetch_add(1);
      } else {
        received_.fetch_add(1);
      }
    };
    return events;
  }
  GatewayEvents agent_events() {
    GatewayEvents events;
    events.up = [this](const live::Peer&) { ++up_count_; };
    events.mail = [this](const live::Peer& peer, const Envelope&) {
      agents_->send(peer.id, {{1, 0}, kController, NodeReady{{0}, 0}});
    };
    return events;
  }

  live::Catalogue catalogue_;
  std::vector<live::PeerId> up_;
  std::atomic<uint32_t> up_count_{0};
  std::atomic<uint64_t> received_{0};
  std::atomic<uint64_t> answered_{0};
  uint64_t sent_to_wire_ = 0;
  std::unique_ptr<Gateway> controller_;
  std::unique_ptr<Gateway> agents_;
};

/// CPU seconds of the whole process: three threads and libzmq's two.
double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void throughput(benchmark::State& state, uint32_t peers, bool curve) {
  Pair pair(peers, curve);
  double wall = 0;
  double cpu = 0;
  for (auto _ : state) {
    auto start = Clock::now();
    double cpu_start = process_cpu_seconds();
    pair.burst();
    cpu += process_cpu_seconds() - cpu_start;
    wall += std::chrono::duration<double>(Clock::now() - start).count();
  }
  if (pair.lost() > 0) state.SkipWithError("mail was dropped");
  auto mail = static_cast<double>(state.iterations()) * static_cast<double>(kBurst);
  state.counters["mail_per_s"] = mail / wall;
  state.counters["cpu_us_per_mail"] = cpu / mail * 1e6;
}

void latency(benchmark::State& state, bool curve) {
  Pair pair(1, curve);
  std::vector<int64_t> spans;
  for (auto _ : state) spans.push_back(pair.round_trip());
  std::sort(spans.begin(), spans.end());
  auto at = [&](size_t percent) {
    return static_cast<double>(spans[(spans.size() - 1) * percent / 100]) / 1e3;
  };
  state.counters["p50_us"] = at(50);
  state.counters["p99_us"] = at(99);
}

void codec(benchmark::State& state, bool decode) {
  live::MailEncoder encoder;
  live::KnownSpecs known;
  Envelope envelope{{1, 0}, kController, TaskEnded{{70'000}, 1, 0, ExitCause::kDone, 0}};
  auto fill = [&] {
    encoder.start();
    while (!encoder.full()) encoder.add(envelope, known);
  };
  fill();
  std::string frame(encoder.finish());
  // The array of mail starts behind the head of the frame: map, "v" 1 "kind" "mail" "mail".
  const size_t head = frame.find('\xdd');
  live::MailDecoder decoder(nullptr);
  uint64_t count = 0;
  for (auto _ : state) {
    if (decode) {
      decoder.decode(std::string_view(frame).substr(head), [&](const Envelope&) { ++count; });
    } else {
      fill();
      count += encoder.count();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(count));
  state.counters["bytes"] = static_cast<double>(frame.size()) / encoder.count();
}

const std::vector<Budget> kBudgets = {
    {"wire, 1 peer", "wire/peers:1", "mail_per_s", 200'000, "mail/s", true},
    {"wire, 100 peers", "wire/peers:100", "mail_per_s", 200'000, "mail/s", true},
    {"wire, 1 peer, CURVE", "wire/curve/peers:1", "mail_per_s", 200'000, "mail/s", true},
    {"wire, 100 peers, CURVE", "wire/curve/peers:100", "mail_per_s", 200'000, "mail/s", true},
    {"wire, round trip, p50", "wire/round-trip", "p50_us", 1'000, "us", false},
    {"wire, round trip, p99", "wire/round-trip", "p99_us", 5'000, "us", false},
};

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  using namespace orrery::bench;
  for (bool curve : {false, true}) {
    const std::string name = curve ? "wire/curve" : "wire";
    for (uint32_t peers : {1U, 100U}) {
      benchmark::RegisterBenchmark((name + "/peers:" + std::to_string(peers)).c_str(), throughput,
                                   peers, curve)
          ->Iterations(3)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
    benchmark::RegisterBenchmark((name + "/round-trip").c_str(), latency, curve)
        ->Iterations(3000)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RegisterBenchmark("codec/encode", codec, false);
  benchmark::RegisterBenchmark("codec/decode", codec, true);
  return run(argc, argv, kBudgets);
}
