// How long a decision takes to become a process that runs under its quota, and to end one: a
// controller and an agent, each with its runtime and gateway, over TCP on loopback, and plain
// processes in cgroups. Every leg of the way is timed; one job is on its way at a time.

#include <algorithm>
#include <array>
#include <atomic>
#include <benchmark/benchmark.h>
#include <chrono>
#include <deque>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/node_agent.hpp"
#include "bench/budget.hpp"
#include "bench/support.hpp"
#include "live/bridge.hpp"
#include "live/drivers/process.hpp"
#include "live/runtime.hpp"
#include "live/wire/gateway.hpp"
#include "policies/registry.hpp"

namespace orrery::bench {
namespace {

constexpr ActorId kEdge{0, 1};

enum Point : uint8_t { kAsked, kSent, kArrived, kOrdered, kActed, kDone, kKnown, kPoints };

/// When one job, or its end, passed each point of its way.
class Marks {
 public:
  void clear() {
    for (auto& at : at_) at.store(0);
  }
  void pass(Point point) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    at_[point].store(std::chrono::nanoseconds(now).count());
  }
  /// False when it has not come in ten seconds.
  bool wait(Point point) const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (at_[point].load() == 0) {
      if (std::chrono::steady_clock::now() > patience) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return true;
  }
  double milliseconds(Point from, Point to) const {
    return static_cast<double>(at_[to].load() - at_[from].load()) / 1e6;
  }

 private:
  std::array<std::atomic<int64_t>, kPoints> at_{};
};

/// What the whole way shares: marks of the start, and of the end.
struct Way {
  Marks start;
  Marks stop;
};

/// Mail to the other side goes to its gateway.
class ToGateway final : public live::Carrier {
 public:
  explicit ToGateway(Way& way) : way_(way) {}
  void connect(live::Gateway& gateway, live::PeerId peer) {
    peer_ = peer;
    gateway_.store(&gateway);
  }
  bool carry(Instant /*now*/, ActorId from, ActorId to, const Message& message) override {
    if (std::holds_alternative<StartTask>(message)) way_.start.pass(kSent);
    if (std::holds_alternative<StopTask>(message)) way_.stop.pass(kSent);
    if (live::Gateway* gateway = gateway_.load()) gateway->send(peer_, {from, to, message});
    return true;
  }

 private:
  Way& way_;
  live::PeerId peer_;
  std::atomic<live::Gateway*> gateway_{nullptr};
};

/// Passes everything on, and looks at the clock.
class TimedDriver final : public live::Driver {
 public:
  TimedDriver(live::Driver& driver, Way& way) : driver_(driver), way_(way) {}

  std::string_view name() const override { return driver_.name(); }
  void open(live::DriverEvents events) override {
    auto started = events.started;
    auto exited = events.exited;
    events.started = [this, started](const live::ContainerKey& key) {
      way_.start.pass(kDone);
      started(key);
    };
    events.exited = [this, exited](const live::ContainerKey& key, ExitCause cause, int32_t code) {
      way_.stop.pass(kDone);
      exited(key, cause, code);
    };
    driver_.open(std::move(events));
  }
  void start(const live::ContainerOrder& order) override {
    way_.start.pass(kOrdered);
    driver_.start(order);
    way_.start.pass(kActed);  // the quota is written, and the keeper of the process is on its way
  }
  void stop(const live::ContainerKey& key, StopMode mode, Duration grace) override {
    way_.stop.pass(kOrdered);
    driver_.stop(key, mode, grace);
    way_.stop.pass(kActed);
  }
  void limit(const live::ContainerKey& key, const live::ContainerLimits& limits) override {
    driver_.limit(key, limits);
  }
  void forget(const live::ContainerKey& key) override { driver_.forget(key); }
  std::vector<live::ContainerFound> list() override { return driver_.list(); }
  std::optional<live::ContainerUsage> usage(const live::ContainerKey& key) override {
    return driver_.usage(key);
  }
  void close() override { driver_.close(); }

 private:
  live::Driver& driver_;
  Way& way_;
};

live::ContainerOrder order_of() {
  live::ContainerOrder order;
  order.run = "path-bench";
  order.command = {"/bin/sleep", "1000"};
  order.limits.cpu_milli = 500;
  order.limits.memory_bytes = int64_t{64} << 20;
  return order;
}

std::shared_ptr<const ClusterSpec> one_node() {
  auto cluster = std::make_shared<ClusterSpec>();
  NodeSpec node;
  node.name = "node-0";
  node.capacity.cpu_milli = 4'000;
  cluster->nodes.push_back(node);
  return cluster;
}

/// The driver's notes, which survive it, on the disk or in memory.
std::filesystem::path notes_of(const ScratchFolder& folder, bool on_disk) {
  if (on_disk) return folder.path();
  return "/dev/shm" / folder.path().filename();
}

class Rig {
 public:
  explicit Rig(bool on_disk)
      : notes_(notes_of(folder_, on_disk)),
        driver_({"path-bench", notes_}),
        timed_(driver_, way_),
        bridge_(
            timed_, [](const StartTask&, NodeId) { return order_of(); }, Duration::seconds(5)),
        to_agent_(way_),
        to_controller_(way_) {
    controllers_.attach(nullptr, nullptr, &to_agent_);
    agents_.attach(&bridge_, nullptr, &to_controller_);
    bridge_.open(agents_, [](const std::string& text) { std::cerr << text << '\n'; });
    controllers_.add(kController, std::make_unique<Controller>(
                                      one_node(), *make_policy(PolicyConfig{}), config()));
    agents_.add(agent_of({0}), std::make_unique<NodeAgent>(NodeId{0}, Duration{}));
    connect();
  }
  ~Rig() {
    link_->stop();
    server_->stop();
    controllers_.stop();
    agents_.stop();
    bridge_.end_all(Duration::seconds(10));
    bridge_.close();
    std::error_code ignored;
    std::filesystem::remove_all(notes_, ignored);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// One job from its submission to its end by cancellation; false when it got stuck.
  bool run_a_job() {
    JobSpec& spec = specs_.emplace_back();
    spec.id = {static_cast<uint32_t>(specs_.size() - 1)};
    way_.start.clear();
    way_.stop.clear();
    way_.start.pass(kAsked);
    controllers_.post(kController, Delivery{kEdge, SubmitJob{&spec}});
    if (!way_.start.wait(kKnown)) return false;
    way_.stop.pass(kAsked);
    controllers_.post(kController, Delivery{kEdge, CancelJob{spec.id}});
    if (!way_.stop.wait(kKnown)) return false;
    bridge_.forget({spec.id, 1, 0, ExitCause::kStopped, 0});
    return true;
  }
  const Way& way() const { return way_; }
  /// Empty when containers get cgroups.
  std::string missing() const {
    for (const live::Capability& one : driver_.capabilities()) {
      if (one.name == "cgroups" && !one.available) return one.words;
    }
    return "";
  }

 private:
  static ControllerConfig config() {
    ControllerConfig config;
    config.kill_at_requested_time = false;
    return config;
  }

  void connect() {
    live::GatewayConfig server;
    server.server.emplace();
    server.server->endpoint = "tcp://127.0.0.1:*";
    live::GatewayEvents events;
    events.admit = [](const live::Peer&) { return live::Admission{true, 1, ""}; };
    events.up = [this](const live::Peer& peer) {
      to_agent_.connect(*server_, peer.id);
      up_.store(true);
    };
    events.mail = [this](const live::Peer&, const live::Envelope& envelope) {
      if (std::holds_alternative<TaskStarted>(envelope.message)) way_.start.pass(kKnown);
      if (std::holds_alternative<TaskEnded>(envelope.message)) way_.stop.pass(kKnown);
      controllers_.post(envelope.to, Delivery{envelope.from, envelope.message});
    };
    server_ = std::make_unique<live::Gateway>(server, events);
    server_->start();
    live::GatewayConfig links;
    links.catalogue = &catalogue_;
    live::LinkConfig link;
    link.name = "node-0";
    link.endpoint = server_->endpoint();
    links.links.push_back(link);
    live::GatewayEvents heard;
    heard.mail = [this](const live::Peer&, const live::Envelope& envelope) {
      if (std::holds_alternative<StartTask>(envelope.message)) way_.start.pass(kArrived);
      if (std::holds_alternative<StopTask>(envelope.message)) way_.stop.pass(kArrived);
      agents_.post(envelope.to, Delivery{envelope.from, envelope.message});
    };
    link_ = std::make_unique<live::Gateway>(links, heard);
    to_controller_.connect(*link_, link_->link(0));
    link_->start();
    while (!up_.load()) std::this_thread::yield();
  }

  ScratchFolder folder_;
  const std::filesystem::path notes_;
  Way way_;
  std::deque<JobSpec> specs_;
  live::Catalogue catalogue_;
  live::ProcessDriver driver_;
  TimedDriver timed_;
  live::Bridge bridge_;
  ToGateway to_agent_;
  ToGateway to_controller_;
  std::atomic<bool> up_{false};
  live::Runtime controllers_{{}};
  live::Runtime agents_{{}};
  std::unique_ptr<live::Gateway> server_;
  std::unique_ptr<live::Gateway> link_;
};

struct Leg {
  const char* name;
  Point from;
  Point to;
};
constexpr std::array<Leg, 8> kLegs{{{"decide", kAsked, kSent},
                                    {"wire", kSent, kArrived},
                                    {"agent", kArrived, kOrdered},
                                    {"act", kOrdered, kActed},
                                    {"process", kActed, kDone},
                                    {"to_act", kAsked, kActed},
                                    {"whole", kAsked, kDone},
                                    {"and_back", kAsked, kKnown}}};

void measure(benchmark::State& state, bool stops, bool on_disk) {
  Rig rig(on_disk);
  if (std::string why = rig.missing(); !why.empty()) {
    state.SkipWithError(why.c_str());
    return;
  }
  std::array<std::vector<double>, kLegs.size()> spans;
  for (auto _ : state) {
    if (!rig.run_a_job()) {
      state.SkipWithError("a job got stuck on its way");
      return;
    }
    const Marks& marks = stops ? rig.way().stop : rig.way().start;
    for (size_t i = 0; i < kLegs.size(); ++i) {
      spans[i].push_back(marks.milliseconds(kLegs[i].from, kLegs[i].to));
    }
  }
  for (size_t i = 0; i < kLegs.size(); ++i) {
    std::sort(spans[i].begin(), spans[i].end());
    const auto at = [&](size_t percent) { return spans[i][(spans[i].size() - 1) * percent / 100]; };
    state.counters[std::string(kLegs[i].name) + "_p50"] = at(50);
    state.counters[std::string(kLegs[i].name) + "_p99"] = at(99);
    // On a machine that others use, the nearest to what the way itself takes.
    state.counters[std::string(kLegs[i].name) + "_least"] = spans[i].front();
  }
}

std::vector<Budget> register_all() {
  std::vector<Budget> budgets;
  for (bool on_disk : {false, true}) {
    const std::string where = on_disk ? "notes on disk" : "notes in memory";
    for (bool stops : {false, true}) {
      const std::string name =
          std::string("path/") + (stops ? "stop/" : "start/") + (on_disk ? "disk" : "memory");
      benchmark::RegisterBenchmark(name.c_str(), measure, stops, on_disk)
          ->Iterations(200)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
      const std::string act =
          stops ? "cancellation to its signal, " : "decision to the quota's file, ";
      const std::string end =
          stops ? "cancellation to a process gone, " : "decision to a process running, ";
      budgets.push_back({act + where + ", p50", name, "to_act_p50", 5, "ms"});
      budgets.push_back({act + where + ", p99", name, "to_act_p99", 20, "ms"});
      budgets.push_back({end + where + ", p50", name, "whole_p50", 5, "ms"});
      budgets.push_back({end + where + ", p99", name, "whole_p99", 20, "ms"});
    }
  }
  return budgets;
}

}  // namespace
}  // namespace orrery::bench

int main(int argc, char** argv) {
  return orrery::bench::run(argc, argv, orrery::bench::register_all());
}
