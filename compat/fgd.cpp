#include "compat/fgd.hpp"

#include <algorithm>
#include <array>

#include "actors/error.hpp"
#include "compat/fgd_residue.hpp"

namespace orrery::compat {

namespace {

struct Named {
  std::string_view name;
  Scoring value;
};
// By the names of the engine's placements.
constexpr std::array kPolicies{
    Named{"fgd", Scoring::kFgd},
    Named{"best-fit-gpu", Scoring::kBestFitGpu},
    Named{"dot-prod", Scoring::kDotProduct},
    Named{"gpu-clustering", Scoring::kGpuClustering},
    Named{"gpu-packing", Scoring::kGpuPacking},
    Named{"random-gpu", Scoring::kRandomGpu},
};
// Percents of arrived demand.
constexpr std::array kMarks{0, 50, 80, 90, 100, 110, 120, 130};

Scoring policy_named(const std::string& name) {
  std::string known;
  for (const Named& policy : kPolicies) {
    if (policy.name == name) return policy.value;
    known += (known.empty() ? "" : ", ") + std::string(policy.name);
  }
  throw InputError({.where = "world fgd, setting \"policy\"",
                    .expected = "one of " + known,
                    .found = "\"" + name + "\"",
                    .hint = ""});
}

int64_t gpu_milli(const TaskDemand& each) {
  return each.gpus == 0 ? 0 : int64_t{each.gpus} * each.gpu_milli;
}

// The cluster while it fills, its nodes numbered by rank.
class Filling {
 public:
  Filling(const FgdInput& input, const FgdSequence& sequence, Scoring policy, uint64_t seed)
      : mix_(std::make_shared<TaskMix>(input.classes)),
        residue_(input.classes, input.pods.size()),
        scores_(policy, seed) {
    cluster_.gpu_types = input.cluster.gpu_types;
    cluster_.nodes.resize(input.cluster.size());
    for (size_t i = 0; i < sequence.ranks.size(); ++i) {
      cluster_.nodes[sequence.ranks[i]] = input.cluster.nodes[i];
    }
    for (const NodeSpec& node : cluster_.nodes) {
      free_.push_back(node.capacity);
      frag_.push_back(mix_->fragmentation(node.capacity, node.gpu_type));
      frag_all_ += frag_.back();
    }
    kinds_.resize(free_.size());
    if (policy != Scoring::kFgd) return;
    scores_.set_mix(mix_);
    scores_.set_even([this](uint32_t node, const Capacity& before, const Capacity& after) {
      return residue_.even_score(before, after, cluster_.nodes[node].gpu_type);
    });
  }
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;

  // The rank of the node that takes it.
  uint32_t place(const TaskDemand& demand) {
    const auto choice = scores_.best({free_, {}, &cluster_, nullptr}, demand);
    if (!choice) return FgdArrival::kDropped;
    const uint32_t node = choice->node;
    take(free_[node], demand, {node, 1, choice->gpus});
    kinds_[node] |= kind_of(demand);
    scores_.set_kinds(node, kinds_[node]);
    scores_.changed(node);
    frag_all_ -= frag_[node];
    frag_[node] = mix_->fragmentation(free_[node], cluster_.nodes[node].gpu_type);
    frag_all_ += frag_[node];
    return node;
  }
  double frag_milli() const {
    return static_cast<double>(frag_all_) / static_cast<double>(mix_->weight());
  }

 private:
  std::shared_ptr<const TaskMix> mix_;
  FgdResidue residue_;
  Scores scores_;
  ClusterSpec cluster_;
  std::vector<Capacity> free_;
  std::vector<Kinds> kinds_;
  std::vector<int64_t> frag_;
  int64_t frag_all_ = 0;
};

}  // namespace

std::vector<FgdArrival> run_fgd(const FgdInput& input, const FgdSequence& sequence, Scoring policy,
                                uint64_t seed) {
  Filling filling(input, sequence, policy, seed);
  std::vector<uint32_t> node_of_rank(sequence.ranks.size());
  for (uint32_t i = 0; i < node_of_rank.size(); ++i) node_of_rank[sequence.ranks[i]] = i;
  std::vector<FgdArrival> arrivals;
  arrivals.reserve(sequence.pods.size());
  FgdArrival last;
  for (const uint32_t pod : sequence.pods) {
    const TaskDemand& each = input.pods[pod].each;
    const uint32_t rank = filling.place(each);
    last.pod = pod;
    last.node = rank == FgdArrival::kDropped ? rank : node_of_rank[rank];
    last.frag_milli = filling.frag_milli();
    last.arrived_milli += gpu_milli(each);
    if (rank != FgdArrival::kDropped) last.used_milli += gpu_milli(each);
    arrivals.push_back(last);
  }
  return arrivals;
}

namespace {

double tune_of(const Settings& settings) {
  const double tune = settings.has("tune") ? settings.number("tune") : 1.3;
  if (tune > 0 && tune <= 100) return tune;
  throw InputError({.where = "world fgd, setting \"tune\"",
                    .expected = "a ratio above 0 and up to 100",
                    .found = "\"" + settings.text("tune") + "\"",
                    .hint = "1.3 is what was published"});
}

std::vector<Figure> run(const Settings& settings) {
  const Scoring policy = policy_named(settings.text("policy"));
  const uint64_t seed = settings.count("seed");
  const FgdInput input = read_fgd_input(settings.file("nodes"), settings.file("pods"));
  const FgdSequence sequence =
      settings.has("order")
          ? read_fgd_sequence(input, settings.file("order"))
          : draw_fgd_sequence(input, GoRandom::read_table(settings.file("rng_table")),
                              static_cast<int64_t>(seed), tune_of(settings));
  const std::vector<FgdArrival> arrivals = run_fgd(input, sequence, policy, seed);
  const FgdMarks marks = fgd_marks(input, arrivals);
  std::vector<Figure> figures;
  for (const int mark : kMarks) {
    const auto at = static_cast<size_t>(mark);
    if (at >= marks.allocation.size()) break;
    figures.push_back({"allocation_" + std::to_string(mark), marks.allocation[at], "%"});
    figures.push_back({"fragmentation_" + std::to_string(mark), marks.fragmentation[at], "%"});
    figures.push_back({"fragmentation_of_idle_" + std::to_string(mark), marks.of_idle[at], "%"});
  }
  const auto rejected =
      std::count_if(arrivals.begin(), arrivals.end(),
                    [](const FgdArrival& arrival) { return arrival.node == FgdArrival::kDropped; });
  figures.push_back({"arrived", static_cast<double>(arrivals.size()), "pods"});
  figures.push_back({"rejected", static_cast<double>(rejected), "pods"});
  if (settings.has("log")) {
    const size_t alike = fgd_decisions_as_logged(input, arrivals, settings.file("log"));
    figures.push_back({"decisions_as_logged", static_cast<double>(alike), "pods"});
  }
  return figures;
}

}  // namespace

World fgd_world() {
  return {.name = "fgd",
          .meaning = "pods fill a cluster that shares GPUs and stay (Weng et al., ATC 2023)",
          .settings = {{"nodes", "file: openb's list of nodes"},
                       {"pods", "file: one of openb's lists of pods"},
                       {"policy",
                        "fgd, best-fit-gpu, dot-prod, gpu-clustering, gpu-packing or "
                        "random-gpu"},
                       {"seed", "of the arrivals, and of random-gpu"},
                       {"rng_table", "file: the 607 words behind Go's math/rand"},
                       {"tune", "GPUs asked for over GPUs there are (1.3)"},
                       {"order", "file: the arrivals ready-made, in place of rng_table and tune"},
                       {"log", "file: the peer's decisions, to be counted where they agree"}},
          .run = run};
}

}  // namespace orrery::compat
