#include "sim/outside.hpp"

#include <algorithm>

#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/node_agent.hpp"

namespace orrery::sim {

namespace {

// A random failure is stamped with the boot that it ends, so that one which was drawn for a boot
// that a listed outage has ended is void.
constexpr uint64_t kRandomFailure = uint64_t{1} << 63;

constexpr ActorId kEdge{0, 1};  // where submissions, cancellations and failures come in

}  // namespace

SimulationPlan checked(SimulationPlan plan) {
  auto refuse = [](const char* where, std::string expected, std::string found, const char* hint) {
    throw InputError({where, 0, 0, std::move(expected), std::move(found), hint});
  };
  if (plan.cluster->nodes.empty()) {
    refuse("cluster", "at least one node", "none", "give the cluster's nodes");
  }
  for (const Outage& outage : plan.faults.outages) {
    if (outage.node.index < plan.cluster->size() && outage.from < outage.until) continue;
    refuse("faults.outages", "a node of the cluster and an end after the start",
           "node " + std::to_string(outage.node.index), "nodes are numbered from 0");
  }
  if (!plan.workload->specs.empty() && plan.workload->specs.front().submit < Instant{}) {
    refuse("workload", "submit times of 0 s or later",
           seconds_text(plan.workload->specs.front().submit.ns) + " s", "shift the trace");
  }
  plan.workload = with_gpu_types_of(plan.workload, *plan.cluster);
  if (!plan.network.ideal() && plan.network.resend.ns == 0) {
    // Long enough for an answer to come back nearly always.
    Duration round_trip = (plan.network.latency + plan.network.jitter_mean * 5) * 2;
    plan.network.resend = std::max(round_trip * 2, Duration::seconds(1));
  }
  plan.controller.resend = plan.network.ideal() ? Duration{} : plan.network.resend;
  plan.controller.requeue = plan.faults.requeue;
  plan.controller.kinds = {plan.workload, &plan.workload->kinds};
  plan.controller.max_attempts = plan.faults.max_attempts;
  return plan;
}

Outside::Outside(std::shared_ptr<const SimulationPlan> plan)
    : plan_(std::move(plan)),
      world_(plan_->cluster, plan_->workload, plan_->world, plan_->faults.container_crash_per_hour,
             plan_->seed),
      faults_(plan_->faults, plan_->cluster->size(), plan_->seed),
      down_(plan_->cluster->size(), 0),
      repair_at_(plan_->cluster->size(), Instant::never()),
      boots_(plan_->cluster->size(), 0) {}

void Outside::attach(RuntimePort* runtime, Checkers* checkers) {
  runtime_ = runtime;
  world_.attach(runtime, checkers);
}

void Outside::begin() {
  runtime_->add(kController,
                std::make_unique<Controller>(plan_->cluster, *plan_->policy, plan_->controller));
  for (uint32_t node = 0; node < plan_->cluster->size(); ++node) {
    runtime_->add(agent_of({node}),
                  std::make_unique<NodeAgent>(NodeId{node}, plan_->controller.resend));
  }
  schedule_faults();
  if (plan_->workload->specs.empty()) return;
  runtime_->schedule(plan_->workload->specs.front().submit, static_cast<uint8_t>(Wake::kArrival), 0,
                     0);
}

void Outside::begin(const Underway& underway) {
  const Controller& controller = *underway.controller;
  next_arrival_ = plan_->workload->size();
  runtime_->add(kController, std::make_unique<Controller>(controller));
  for (uint32_t node = 0; node < plan_->cluster->size(); ++node) {
    runtime_->add(agent_of({node}), std::make_unique<NodeAgent>(NodeId{node}, Duration{},
                                                                controller.node(node).boot));
  }
  for (const Controller::Armed& timer : controller.armed()) {
    runtime_->post_at(std::max(timer.at, underway.now), kController, Expiry{timer.timer});
  }
  for (const Underway::PartUnderway& part : underway.parts) {
    const StartTask& what = part.what;
    Input input = Delivery{kController, what};
    if (part.exists) {
      world_.expect_container(what, part.left);
      input = Report{ContainerAdopted{what.spec->id, what.epoch, what.part, 0}};
    }
    runtime_->post_at(underway.now, agent_of({part.node}), input);
  }
}

void Outside::command(Instant now, ActorId from, const Command& command) {
  if (const auto* start = std::get_if<StartContainer>(&command)) {
    world_.start_container(now, from, start->what);
  } else if (const auto* stop = std::get_if<StopContainer>(&command)) {
    world_.stop_container(now, stop->what);
  } else {
    world_.watch_container(now, from, std::get<WatchContainer>(command));
  }
}

void Outside::wake(Instant now, uint8_t kind, uint32_t index, uint64_t stamp) {
  switch (static_cast<Wake>(kind)) {
    case Wake::kArrival: return arrive(now);
    case Wake::kCancellation:
      return runtime_->deliver(kController, Delivery{kEdge, CancelJob{{index}}});
    case Wake::kNodeFails: {
      --failures_ahead_;
      if ((stamp & kRandomFailure) == 0) {  // from the list: the stamp is the outage's number
        return fail_node(now, index, plan_->faults.outages[stamp].until);
      }
      if (stamp != (kRandomFailure | boots_[index])) return;
      return fail_node(now, index, saturating_add(now, faults_.time_to_repair(index)));
    }
    case Wake::kNodeRepaired: return repair_node(now, index);
    case Wake::kFailureSeen: {
      bool still_down = down_[index] != 0 && boots_[index] == stamp;
      if (still_down) runtime_->deliver(kController, Delivery{kEdge, NodeLost{{index}}});
      return;
    }
    default: return world_.wake(now, static_cast<Wake>(kind), index, stamp);
  }
}

void Outside::arrive(Instant now) {
  const auto& specs = plan_->workload->specs;
  // All that is submitted at one instant is delivered together, before anything that follows.
  for (; next_arrival_ < specs.size() && specs[next_arrival_].submit <= now; ++next_arrival_) {
    const JobSpec& spec = specs[next_arrival_];
    runtime_->deliver(kController, Delivery{kEdge, SubmitJob{&spec}});
    Instant cancel_at = plan_->workload->truths[next_arrival_].cancel_at;
    if (cancel_at == Instant::never()) continue;
    runtime_->schedule(std::max(cancel_at, now), static_cast<uint8_t>(Wake::kCancellation),
                       spec.id.index, 0);
  }
  if (next_arrival_ == specs.size()) return;
  runtime_->schedule(specs[next_arrival_].submit, static_cast<uint8_t>(Wake::kArrival), 0, 0);
}

void Outside::schedule_faults() {
  const auto& outages = plan_->faults.outages;
  for (size_t i = 0; i < outages.size(); ++i) {
    runtime_->schedule(outages[i].from, static_cast<uint8_t>(Wake::kNodeFails),
                       outages[i].node.index, i);
    ++failures_ahead_;
  }
  if (!faults_.random_failures()) return;
  for (uint32_t node = 0; node < plan_->cluster->size(); ++node) {
    Instant at = saturating_add({}, faults_.time_to_failure(node));
    runtime_->schedule(at, static_cast<uint8_t>(Wake::kNodeFails), node, kRandomFailure);
    ++failures_ahead_;
  }
}

void Outside::fail_node(Instant now, uint32_t node, Instant repair_at) {
  if (down_[node] != 0) {
    // Of failures that overlap, the one that lasts longest counts; the earlier repair is void.
    if (repair_at <= repair_at_[node]) return;
    --repairs_ahead_;
  } else {
    down_[node] = 1;
    world_.lose_node(now, node);
    runtime_->remove_place(node + 1);
    runtime_->schedule(saturating_add(now, plan_->faults.detection),
                       static_cast<uint8_t>(Wake::kFailureSeen), node, boots_[node]);
  }
  repair_at_[node] = repair_at;
  if (repair_at == Instant::never()) return;
  ++repairs_ahead_;
  runtime_->schedule(repair_at, static_cast<uint8_t>(Wake::kNodeRepaired), node, 0);
}

void Outside::repair_node(Instant now, uint32_t node) {
  if (repair_at_[node] != now) return;
  --repairs_ahead_;
  down_[node] = 0;
  ActorId agent = agent_of({node});
  runtime_->add(agent, std::make_unique<NodeAgent>(NodeId{node}, plan_->controller.resend));
  runtime_->report(agent, NodeBooted{{node}, ++boots_[node]});
  if (!faults_.random_failures()) return;
  runtime_->schedule(saturating_add(now, faults_.time_to_failure(node)),
                     static_cast<uint8_t>(Wake::kNodeFails), node, kRandomFailure | boots_[node]);
  ++failures_ahead_;
}

}  // namespace orrery::sim
