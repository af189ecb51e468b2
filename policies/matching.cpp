// The one file that knows LEMON. It is compiled as C++17 (CMakeLists.txt): LEMON 1.3 uses what
// C++20 took out of std::allocator. So neither this file nor its header may use more than C++17
// has.
#define LEMON_ONLY_TEMPLATES  // nothing of LEMON has to be linked

#include "policies/matching.hpp"

#include <algorithm>
#include <lemon/matching.h>
#include <lemon/smart_graph.h>

namespace orrery {

std::vector<std::pair<uint32_t, uint32_t>> heaviest_matching(
    uint32_t nodes, const std::vector<WeightedPair>& pairs) {
  using Graph = lemon::SmartGraph;
  using Weights = Graph::EdgeMap<int64_t>;
  Graph graph;
  graph.reserveNode(static_cast<int>(nodes));
  graph.reserveEdge(static_cast<int>(pairs.size()));
  for (uint32_t node = 0; node < nodes; ++node) graph.addNode();
  Weights weights(graph);
  for (const WeightedPair& pair : pairs) {
    weights[graph.addEdge(Graph::nodeFromId(static_cast<int>(pair.a)),
                          Graph::nodeFromId(static_cast<int>(pair.b)))] = pair.weight;
  }
  lemon::MaxWeightedMatching<Graph, Weights> matching(graph, weights);
  matching.run();
  std::vector<std::pair<uint32_t, uint32_t>> found;
  for (uint32_t node = 0; node < nodes; ++node) {
    const Graph::Node mate = matching.mate(Graph::nodeFromId(static_cast<int>(node)));
    if (mate == lemon::INVALID) continue;
    const auto other = static_cast<uint32_t>(Graph::id(mate));
    if (node < other) found.emplace_back(node, other);
  }
  return found;
}

}  // namespace orrery
