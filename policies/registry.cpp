#include "policies/registry.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "actors/error.hpp"
#include "policies/allox.hpp"
#include "policies/composed.hpp"
#include "policies/elastic_flow.hpp"
#include "policies/fair_rounds.hpp"
#include "policies/muri.hpp"
#include "policies/pack_beside.hpp"
#include "policies/plugin.hpp"
#include "policies/type_rounds.hpp"

namespace orrery {

namespace {

template <class E>
struct Named {
  NamedPart part;
  E value;
};

constexpr std::array kOrders{
    Named<Order>{{"fcfs", "by submission", "", "",
                  "Tiresias (fifo), by the engine itself; Gavel (fifo), in its world"},
                 Order::kFcfs},
    Named<Order>{{"sjf", "shortest requested time first"}, Order::kSjf},
    Named<Order>{{"srtf", "shortest remaining requested time first, preemptive",
                  "policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)",
                  "Schrage 1968; for GPU jobs Tiresias, Gu et al., NSDI 2019",
                  "Tiresias (shortest), by the engine itself; Muri, in its world"},
                 Order::kSrtf},
    Named<Order>{{"priority", "highest priority first, with ageing",
                  "policy.ageing_per_hour (points an hour, 0)", "", ""},
                 Order::kPriority},
    Named<Order>{{"fair-share", "least decayed usage of group and user first",
                  "policy.half_life (time, 7d)", "Kay and Lauder, CACM 1988", ""},
                 Order::kFairShare},
    Named<Order>{{"las", "least attained service first, in queues, preemptive",
                  "policy.las_thresholds (GPU-seconds, \"3600,36000\"), policy.min_run, "
                  "policy.most_preemptions",
                  "Tiresias, Gu et al., NSDI 2019",
                  "Muri (Tiresias-L) and Tiresias (dlas-gpu), in their worlds"},
                 Order::kLas},
    Named<Order>{{"srsf", "shortest remaining requested time x GPUs first, preemptive",
                  "policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)",
                  "Tiresias, Gu et al., NSDI 2019",
                  "Tiresias (shortest-gpu), by the engine itself; Muri, in its world"},
                 Order::kSrsf},
    Named<Order>{{"gittins", "as las, within a queue by Gittins index, preemptive",
                  "policy.las_thresholds (GPU-seconds, \"3600,36000\"), policy.min_run, "
                  "policy.most_preemptions",
                  "Tiresias, Gu et al., NSDI 2019", ""},
                 Order::kGittins},
    Named<Order>{{"qssf", "shortest time x GPUs first, as earlier jobs let expect", "",
                  "Hu et al., SC 2021", ""},
                 Order::kQssf},
    Named<Order>{{"drf", "a job of the user whose dominant share is the lowest", "",
                  "DRF, Ghodsi et al., NSDI 2011", ""},
                 Order::kDrf},
    Named<Order>{{"edf", "earliest deadline first, then jobs without one, preemptive",
                  "policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)",
                  "Liu and Layland, J. ACM 1973", ""},
                 Order::kEdf},
};
/// Orders that are policies of their own: they choose anew every round, and nothing is backfilled.
constexpr std::array kTurns{
    Named<Fairness>{{"max-min", "in rounds, equal shares of the dominant resource; preemptive",
                     "policy.round (time, 6m)",
                     "DRF, Ghodsi et al., NSDI 2011; Gavel, Narayanan et al., OSDI 2020",
                     "Gavel, in its world"},
                    Fairness::kJobs},
    Named<Fairness>{
        {"gandiva-fair", "in rounds, equal shares of it for every user; preemptive",
         "policy.round (time, 6m)", "Chaudhary et al., EuroSys 2020", "Shockwave, in its world"},
        Fairness::kUsers},
    Named<Fairness>{
        {"themis", "in rounds, whoever ends latest relative to 1/N of the cluster; preemptive",
         "policy.round (time, 6m), policy.filter (f, a fraction, 0.8)",
         "Themis, Mahajan et al., NSDI 2020", ""},
        Fairness::kFinishTimes},
};
/// Orders that are policies of their own: they put jobs with shares of GPUs beside one another.
enum class Packing : uint8_t { kMuriShortest, kMuriLeastAttained, kLucid, kAntMan };
constexpr std::array kPackings{
    Named<Packing>{{"muri-s",
                    "shortest remaining time x GPUs first, in groups interleaved on shared GPUs; "
                    "preemptive",
                    "policy.round (time, 6m), policy.group_size (jobs on a GPU, 4)",
                    "Muri, Zhao et al., SIGCOMM 2022", ""},
                   Packing::kMuriShortest},
    Named<Packing>{{"muri-l", "least attained service first, in queues and in such groups",
                    "policy.round, policy.group_size, policy.las_thresholds (GPU-seconds, "
                    "\"3600,36000\")",
                    "Muri, Zhao et al., SIGCOMM 2022", ""},
                   Packing::kMuriLeastAttained},
    Named<Packing>{
        {"lucid", "shortest time x GPUs first, in pairs that leave a GPU idle time",
         "policy.pair_busy (busy part of a GPU, 1)", "Lucid, Hu et al., ASPLOS 2023", ""},
        Packing::kLucid},
    Named<Packing>{
        {"antman", "by submission; jobs of priority below 0 fill what the others leave of GPUs", "",
         "AntMan, Xiao et al., OSDI 2020", "Muri (AntMan), in its world"},
        Packing::kAntMan},
};
/// Orders that are policies of their own and plan with what is known of a job's kind.
using Make = std::unique_ptr<Policy> (*)(const PolicyConfig& config, Placement place);
constexpr std::array kPlanners{
    Named<Make>{{"elastic-flow", "deadlines promised at admission, kept by resizing; preemptive",
                 "policy.round (time, 6m)", "ElasticFlow, Gu et al., ASPLOS 2023", ""},
                [](const PolicyConfig& config, Placement place) -> std::unique_ptr<Policy> {
                  return std::make_unique<ElasticFlow>(config.round, place, config.seed);
                }},
    Named<Make>{{"allox", "jobs matched to types of GPU for the least mean turnaround",
                 "policy.alpha (part of the users, 1)", "AlloX, Le et al., EuroSys 2020", ""},
                [](const PolicyConfig& config, Placement place) -> std::unique_ptr<Policy> {
                  return std::make_unique<AlloX>(config.alpha, place, config.seed);
                }},
    Named<Make>{{"max-min-het", "as max-min, knowing each job's speed by type of GPU; preemptive",
                 "policy.round (time, 6m)", "Gavel, Narayanan et al., OSDI 2020", ""},
                [](const PolicyConfig& config, Placement place) -> std::unique_ptr<Policy> {
                  return std::make_unique<TypeRounds>(config.round, place, config.seed);
                }},
};
constexpr std::array kPlacements{
    Named<Placement>{{"first-fit", "nodes by number"}, Placement::kFirstFit},
    Named<Placement>{{"best-fit", "the node with the least room first"}, Placement::kBestFit},
    Named<Placement>{{"worst-fit", "each task where most room is"}, Placement::kWorstFit},
    Named<Placement>{{"consolidate", "the fewest nodes for a gang"}, Placement::kConsolidate},
    Named<Placement>{{"consolidate-rack", "the fewest racks for a gang, then the fewest nodes",
                      "cluster.nodes[].nodes_per_rack (nodes, 0: one rack)",
                      "Tiresias, Gu et al., NSDI 2019", ""},
                     Placement::kConsolidateRack},
    Named<Placement>{{"random", "nodes in random order, seeded", "seed (0)", "", ""},
                     Placement::kRandom},
    Named<Placement>{{"fgd", "where fragmentation of GPUs grows least", "", "Weng et al., ATC 2023",
                      "FGD, in its world"},
                     Placement::kFgd},
    Named<Placement>{{"best-fit-gpu", "the node with the least cores and GPUs left, by score", "",
                      "Weng et al., ATC 2023", "FGD (BestFit), in its world"},
                     Placement::kBestFitGpu},
    Named<Placement>{{"dot-prod", "the node whose room is least like the demand, by score", "",
                      "Tetris, Grandl et al., SIGCOMM 2014", "FGD (DotProd), in its world"},
                     Placement::kDotProduct},
    Named<Placement>{{"gpu-clustering", "where GPU tasks of the same kind are", "",
                      "Gandiva, Xiao et al., OSDI 2018", "FGD (GpuClustering), in its world"},
                     Placement::kGpuClustering},
    Named<Placement>{{"gpu-packing", "GPUs in use first, then nodes in use, then small nodes", "",
                      "Weng et al., NSDI 2022", "FGD (GpuPacking), in its world"},
                     Placement::kGpuPacking},
    Named<Placement>{{"random-gpu", "any node, and any of its GPUs for a share, seeded", "seed (0)",
                      "", "FGD (Random), its means"},
                     Placement::kRandomGpu},
};
constexpr std::array kBackfills{
    Named<Backfill>{{"none", "the first that does not fit holds up the rest"}, Backfill::kNone},
    Named<Backfill>{{"easy", "a later job may start if it does not delay the first", "",
                     "Lifka, JSSPP 1995", "pyss on KTH-SP2, by the engine itself"},
                    Backfill::kEasy},
    Named<Backfill>{{"conservative", "a later job may start if it delays none before it", "",
                     "Mu'alem and Feitelson, IEEE TPDS 2001", ""},
                    Backfill::kConservative},
};
constexpr std::array kPreemptions{
    Named<StopMode>{{"requeue", "the job is killed and starts again"}, StopMode::kKill},
    Named<StopMode>{{"suspend", "the job is frozen where it is; its memory stays"},
                    StopMode::kSuspend},
    Named<StopMode>{{"checkpoint", "the job writes a checkpoint and goes on from it"},
                    StopMode::kCheckpoint},
};

std::string quoted(const std::string& text) {
  std::string result(1, '"');
  result += text;
  result += '"';
  return result;
}

template <class Table>
auto by_name(const Table& table, const std::string& name, const char* key, std::string known = "") {
  for (const auto& row : table) {
    if (row.part.name == name) return row.value;
    if (!known.empty()) known += ", ";
    known += row.part.name;
  }
  throw InputError({key, 0, 0, "one of " + known, quoted(name), ""});
}

template <class Table>
std::vector<NamedPart> names(const Table& table) {
  std::vector<NamedPart> parts;
  for (const auto& row : table) parts.push_back(row.part);
  return parts;
}

std::vector<double> thresholds(const std::string& text) {
  std::vector<double> values;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    double value = 0;
    auto [next, error] = std::from_chars(at, end, value);
    bool ascending = values.empty() || value > values.back();
    bool separated = next == end || *next == ',';
    if (error != std::errc{} || !ascending || !separated || value <= 0) {
      throw InputError({"policy.las_thresholds", 0, 0,
                        "ascending numbers of seconds above 0, separated by commas", quoted(text),
                        "write \"3600,36000\""});
    }
    values.push_back(value);
    at = next == end ? end : next + 1;
  }
  return values;
}

}  // namespace

namespace {

/// None where the order is not one of those.
std::unique_ptr<Policy> make_turns(const PolicyConfig& config) {
  const auto* const row = std::find_if(kTurns.begin(), kTurns.end(),
                                       [&](const auto& r) { return r.part.name == config.order; });
  if (row == kTurns.end()) return nullptr;
  if (config.backfill != "none") {
    throw InputError({"policy.backfill", 0, 0, "none with order " + config.order,
                      quoted(config.backfill), "a round fills what is free anyway"});
  }
  if (config.preempt == "requeue") {
    throw InputError({"policy.preempt", 0, 0, "suspend or checkpoint with order " + config.order,
                      quoted(config.preempt), "else each turn's work is lost with the turn"});
  }
  return std::make_unique<FairRounds>(row->value, config.round,
                                      by_name(kPlacements, config.place, "policy.place"),
                                      config.seed, config.filter);
}

/// None where the order is not one of those.
std::unique_ptr<Policy> make_packing(const PolicyConfig& config) {
  const auto* const row = std::find_if(kPackings.begin(), kPackings.end(),
                                       [&](const auto& r) { return r.part.name == config.order; });
  if (row == kPackings.end()) return nullptr;
  if (config.backfill != "none") {
    throw InputError({"policy.backfill", 0, 0, "none with order " + config.order,
                      quoted(config.backfill),
                      "an order that packs passes over what does not fit"});
  }
  const Placement place = by_name(kPlacements, config.place, "policy.place");
  if (row->value == Packing::kLucid || row->value == Packing::kAntMan) {
    const bool pairs = row->value == Packing::kLucid;
    return std::make_unique<PackBeside>(pairs ? BesideRule::kLucid : BesideRule::kAntMan,
                                        config.pair_busy, place, config.seed);
  }
  if (config.preempt != "checkpoint") {
    throw InputError({"policy.preempt", 0, 0, "checkpoint with order " + config.order,
                      quoted(config.preempt), "its jobs move to the GPUs of those that they join"});
  }
  const bool by_time = row->value == Packing::kMuriShortest;
  return std::make_unique<MuriRounds>(
      MuriRules{by_time ? MuriOrder::kShortest : MuriOrder::kLeastAttained, config.round,
                config.group_size, thresholds(config.las_thresholds), place, config.seed});
}

/// None where the order is not one of those.
std::unique_ptr<Policy> make_planner(const PolicyConfig& config) {
  const auto* const row = std::find_if(kPlanners.begin(), kPlanners.end(),
                                       [&](const auto& r) { return r.part.name == config.order; });
  if (row == kPlanners.end()) return nullptr;
  if (config.backfill != "none") {
    throw InputError({"policy.backfill", 0, 0, "none with order " + config.order,
                      quoted(config.backfill), "it plans for all jobs that wait anyway"});
  }
  if (config.order != "allox" && config.preempt != "checkpoint") {
    throw InputError({"policy.preempt", 0, 0, "checkpoint with order " + config.order,
                      quoted(config.preempt), "jobs go on at another place or size"});
  }
  return row->value(config, by_name(kPlacements, config.place, "policy.place"));
}

}  // namespace

std::unique_ptr<Policy> make_policy(const PolicyConfig& config) {
  for (const PluginPolicy& policy : added_policies()) {
    if (policy.name == config.order) return policy.make(config);
  }
  if (auto turns = make_turns(config)) return turns;
  if (auto packing = make_packing(config)) return packing;
  if (auto planner = make_planner(config)) return planner;
  Composition how;
  std::string known;
  for (const auto& row : kTurns) known += (known.empty() ? "" : ", ") + std::string(row.part.name);
  for (const auto& row : kPackings) known += ", " + std::string(row.part.name);
  for (const auto& row : kPlanners) known += ", " + std::string(row.part.name);
  how.order = by_name(kOrders, config.order, "policy.order", known);
  how.place = by_name(kPlacements, config.place, "policy.place");
  how.backfill = by_name(kBackfills, config.backfill, "policy.backfill");
  if (takes_jobs_off(how.order) && how.backfill != Backfill::kNone) {
    throw InputError({"policy.backfill", 0, 0, "none with order " + config.order,
                      quoted(config.backfill),
                      "an order that takes running jobs off passes over what does not fit"});
  }
  how.ageing_per_hour = config.ageing_per_hour;
  how.half_life = config.half_life;
  how.las_thresholds = thresholds(config.las_thresholds);
  how.min_run = config.min_run;
  how.most_preemptions = config.most_preemptions;
  how.seed = config.seed;
  return std::make_unique<ComposedPolicy>(std::move(how));
}

StopMode preemption_mode(const PolicyConfig& config) {
  return by_name(kPreemptions, config.preempt, "policy.preempt");
}

std::vector<NamedPart> order_names() {
  std::vector<NamedPart> all = names(kOrders);
  for (const auto& row : kTurns) all.push_back(row.part);
  for (const auto& row : kPackings) all.push_back(row.part);
  for (const auto& row : kPlanners) all.push_back(row.part);
  for (const PluginPolicy& policy : added_policies()) all.push_back({policy.name, policy.meaning});
  return all;
}
std::vector<NamedPart> placement_names() { return names(kPlacements); }
std::vector<NamedPart> backfill_names() { return names(kBackfills); }
std::vector<NamedPart> preemption_names() { return names(kPreemptions); }

}  // namespace orrery
