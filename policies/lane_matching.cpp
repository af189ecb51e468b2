#include "policies/lane_matching.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>
#include <queue>

namespace orrery {

namespace {

// Costs are whole, so that the solver compares exactly; a place costs at most this.
constexpr double kMostCost = 1e13;

int64_t cost_of(const LaneJob& job, const Lanes& lanes, uint32_t from_end) {
  const auto time = static_cast<double>(job.time_ms[lanes.type]);
  const double delays = time * (1 + job.weight * (from_end - 1));
  return std::llround(std::min(kMostCost, static_cast<double>(lanes.wait_ms) + delays));
}

struct Choice {
  int64_t cost = 0;
  uint32_t job = 0;
  LanePlace place;

  // By cost, cheapest first; ties by lanes.
  bool operator>(const Choice& o) const {
    return cost != o.cost ? cost > o.cost : place.lanes > o.place.lanes;
  }
};

// The cheapest places of a job, in order of their cost, until there are as many as there are jobs:
// the others can't take all of them, so that no optimum needs one that costs more.
void cheapest(const std::vector<LaneJob>& jobs, uint32_t job, const std::vector<Lanes>& lanes,
              std::vector<Choice>& choices) {
  std::priority_queue<Choice, std::vector<Choice>, std::greater<>> next;
  for (uint32_t i = 0; i < lanes.size(); ++i) {
    if (lanes[i].count <= 0 || jobs[job].time_ms[lanes[i].type] < 0) continue;
    next.push({cost_of(jobs[job], lanes[i], 1), job, {i, 1}});
  }
  auto missing = static_cast<int64_t>(jobs.size());
  while (missing > 0 && !next.empty()) {
    const Choice choice = next.top();
    next.pop();
    choices.push_back(choice);
    const auto [i, from_end] = choice.place;
    missing -= lanes[i].count;
    next.push({cost_of(jobs[job], lanes[i], from_end + 1), job, {i, from_end + 1}});
  }
}

}  // namespace

std::vector<std::optional<LanePlace>> least_sum_of_ends(const std::vector<LaneJob>& jobs,
                                                        const std::vector<Lanes>& lanes) {
  using Graph = lemon::SmartDigraph;
  std::vector<Choice> choices;
  for (uint32_t job = 0; job < jobs.size(); ++job) cheapest(jobs, job, lanes, choices);
  Graph graph;
  graph.reserveNode(static_cast<int>(jobs.size() + choices.size() + 1));
  graph.reserveArc(static_cast<int>(jobs.size() + choices.size()));
  std::vector<Graph::Node> of_job;
  for (size_t job = 0; job < jobs.size(); ++job) of_job.push_back(graph.addNode());
  std::vector<std::vector<Graph::Node>> of_place(lanes.size());  // by lanes, then from the end
  std::vector<Graph::Arc> arcs;
  for (const auto& [cost, job, place] : choices) {
    auto& nodes = of_place[place.lanes];
    while (nodes.size() < place.from_end) nodes.push_back(graph.addNode());
    arcs.push_back(graph.addArc(of_job[job], nodes[place.from_end - 1]));
  }
  const Graph::Node nowhere = graph.addNode();
  for (const Graph::Node node : of_job) graph.addArc(node, nowhere);
  Graph::ArcMap<int64_t> cost(graph, static_cast<int64_t>(kMostCost) * 2);
  for (size_t i = 0; i < choices.size(); ++i) cost[arcs[i]] = choices[i].cost;
  Graph::NodeMap<int64_t> supply(graph, 0);
  for (const Graph::Node node : of_job) supply[node] = 1;
  for (size_t i = 0; i < lanes.size(); ++i) {
    for (const Graph::Node node : of_place[i]) supply[node] = -lanes[i].count;
  }
  supply[nowhere] = -static_cast<int64_t>(jobs.size());
  using Simplex = lemon::NetworkSimplex<Graph, int64_t, int64_t>;
  Simplex simplex(graph);
  simplex.supplyMap(supply).costMap(cost).supplyType(Simplex::GEQ);
  std::vector<std::optional<LanePlace>> places(jobs.size());
  if (simplex.run() != Simplex::OPTIMAL) return places;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (simplex.flow(arcs[i]) > 0) places[choices[i].job] = choices[i].place;
  }
  return places;
}

}  // namespace orrery
