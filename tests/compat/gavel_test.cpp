#include "compat/gavel.hpp"

#include <gtest/gtest.h>

#include "tests/compat/shared.hpp"

namespace orrery::compat {
namespace {

std::map<std::string, std::string> physical(const std::string& cluster, const std::string& policy) {
  return {{"trace", shared_path("traces/gavel/physical_cluster/max_min_fairness.trace")},
          {"throughputs", shared_path("traces/gavel/simulation_throughputs.json.gz")},
          {"cluster", cluster},
          {"policy", policy}};
}

std::vector<Figure> run(const std::map<std::string, std::string>& settings) {
  return gavel_world().run(Settings("gavel", settings));
}

TEST(GavelShared, FifoOnBothClusters) {
  struct Case {
    const char* cluster;
    double avg_jct_s, makespan_s, utilisation;
  };
  for (const Case& c : {Case{"25:0:0", 20061.429092544466, 70512.06153284227, 0.802},
                        Case{"8:16:24", 35904.573742873705, 196524.2812392091, 0.349}}) {
    const auto settings = physical(c.cluster, "fifo");
    REQUIRE_SHARED(settings.at("trace"));
    const auto figures = run(settings);
    EXPECT_NEAR(figure(figures, "avg_jct"), c.avg_jct_s, 1e-9 * c.avg_jct_s) << c.cluster;
    EXPECT_NEAR(figure(figures, "makespan"), c.makespan_s, 1e-9 * c.makespan_s) << c.cluster;
    EXPECT_NEAR(figure(figures, "utilisation"), c.utilisation, 0.0005) << c.cluster;
  }
}

// The authors' solver is ECOS and the figures to reach are from a run with HiGHS; ours is Clp.
TEST(GavelShared, MaxMinFairnessWithinTwoPercent) {
  struct Case {
    const char* cluster;
    const char* policy;
    const char* solver;
    double avg_jct_s;
  };
  for (const Case& c : {Case{"25:0:0", "max-min", "presolve", 16075.108},
                        Case{"8:16:24", "max-min", "presolve", 18833.948},
                        Case{"8:16:24", "max-min-hetero", "primal", 14991.352}}) {
    auto settings = physical(c.cluster, c.policy);
    REQUIRE_SHARED(settings["trace"]);
    settings["solver"] = c.solver;
    EXPECT_NEAR(figure(run(settings), "avg_jct"), c.avg_jct_s, 0.02 * c.avg_jct_s)
        << c.cluster << " " << c.policy;
  }
}

}  // namespace
}  // namespace orrery::compat
