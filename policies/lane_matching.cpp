#include "policies/lane_matching.hpp"

#include <algorithm>
#include <cmath>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

namespace orrery {

namespace {

// Costs are whole, so that the solver compares exactly; a place costs at most this.
constexpr double kMostCost = 1e13;

int64_t cost_of(const LaneJob& job, const Lanes& lanes, uint32_t from_end) {
  const auto time = static_cast<double>(job.time_ms[lanes.type]);
  const double delays = time * (1 + job.weight * (from_end - 1));
  return std::llround(std::min(kMostCost, static_cast<double>(lanes.wait_ms) + delays));
}

}  // namespace

std::vector<std::optional<LanePlace>> least_sum_of_ends(const std::vector<LaneJob>& jobs,
                                                        const std::vector<Lanes>& lanes,
                                                        uint32_t most_places) {
  using Graph = lemon::SmartDigraph;
  std::vector<std::optional<LanePlace>> places(jobs.size());
  int64_t width = 0;
  for (const Lanes& one : lanes) width += one.count;
  if (width == 0) return places;
  const auto depth = static_cast<uint32_t>(std::min<uint64_t>(jobs.size(), most_places));
  Graph graph;
  std::vector<Graph::Node> of_job;
  std::vector<std::vector<Graph::Node>> of_place;  // by lanes, then from the end
  for (size_t job = 0; job < jobs.size(); ++job) of_job.push_back(graph.addNode());
  for (size_t i = 0; i < lanes.size(); ++i) {
    of_place.emplace_back();
    for (uint32_t k = 0; k < depth; ++k) of_place.back().push_back(graph.addNode());
  }
  const Graph::Node nowhere = graph.addNode();
  struct Choice {
    size_t job;
    LanePlace place;
    int64_t cost;
    Graph::Arc arc;
  };
  std::vector<Choice> choices;
  for (size_t job = 0; job < jobs.size(); ++job) {
    for (uint32_t i = 0; i < lanes.size(); ++i) {
      if (jobs[job].time_ms[lanes[i].type] < 0) continue;
      for (uint32_t k = 1; k <= depth; ++k) {
        choices.push_back({job,
                           {i, k},
                           cost_of(jobs[job], lanes[i], k),
                           graph.addArc(of_job[job], of_place[i][k - 1])});
      }
    }
  }
  std::vector<Graph::Arc> left_out;
  for (const Graph::Node node : of_job) left_out.push_back(graph.addArc(node, nowhere));
  Graph::ArcMap<int64_t> cost(graph, static_cast<int64_t>(kMostCost) * 2);
  for (const Choice& choice : choices) cost[choice.arc] = choice.cost;
  Graph::NodeMap<int64_t> supply(graph, 0);
  for (const Graph::Node node : of_job) supply[node] = 1;
  for (size_t i = 0; i < lanes.size(); ++i) {
    for (const Graph::Node node : of_place[i]) supply[node] = -lanes[i].count;
  }
  supply[nowhere] = -static_cast<int64_t>(jobs.size());
  using Simplex = lemon::NetworkSimplex<Graph, int64_t, int64_t>;
  Simplex simplex(graph);
  simplex.supplyMap(supply).costMap(cost).supplyType(Simplex::GEQ);
  if (simplex.run() != Simplex::OPTIMAL) return places;
  for (const Choice& choice : choices) {
    if (simplex.flow(choice.arc) > 0) places[choice.job] = choice.place;
  }
  return places;
}

}  // namespace orrery
