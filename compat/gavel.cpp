#include "compat/gavel.hpp"

#include "compat/round_policies.hpp"
#include "compat/rounds.hpp"

namespace orrery::compat {

namespace {

std::vector<Figure> run_gavel(const Settings& settings) {
  const std::string trace = settings.file("trace").string();
  const RoundCluster cluster = round_cluster(settings);
  const uint64_t seed = settings.has("seed") ? settings.count("seed") : 0;
  RoundRules rules;
  rules.type_seed = seed + 5;
  if (settings.has("round")) rules.round_s = round_length(settings);
  const auto policy = round_policy(settings, seed);
  traces::ReadReport report;
  const auto rows = traces::read_gavel_jobs(trace, {.format = traces::Format::kGavel}, report);
  const auto table = traces::read_throughputs(settings.file("throughputs").string());
  Rounds rounds(cluster, round_jobs(rows, table, cluster, trace), *policy, rules, trace);
  rounds.run();
  return rounds.figures();
}

}  // namespace

World gavel_world() {
  return {
      .name = "gavel",
      .meaning = "Gavel's simulator (OSDI 2020): training jobs on three types of GPU, in rounds",
      .settings = {{"trace", "a trace of Gavel's"},
                   {"throughputs", "its table of throughputs"},
                   {"cluster", "numbers of V100, P100 and K80 GPUs: \"8:16:24\""},
                   {"policy", kRoundPolicies},
                   {"solver", kSolverHelp},
                   {"round", "length of a round in seconds; 360 where absent"},
                   {"seed", "of the orders that are shuffled or drawn; 0 where absent"}},
      .run = run_gavel};
}

}  // namespace orrery::compat
