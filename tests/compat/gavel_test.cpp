#include "compat/gavel.hpp"

#include <gtest/gtest.h>

#include "tests/compat/shared.hpp"

namespace orrery::compat {
namespace {

TEST(GavelShared, FifoOnBothClusters) {
  struct Case {
    const char* cluster;
    double avg_jct_s, makespan_s, utilisation;
  };
  const std::string trace = shared_path("traces/gavel/physical_cluster/max_min_fairness.trace");
  const std::string table = shared_path("traces/gavel/simulation_throughputs.json.gz");
  REQUIRE_SHARED(trace);
  for (const Case& c : {Case{"25:0:0", 20061.429092544466, 70512.06153284227, 0.802},
                        Case{"8:16:24", 35904.573742873705, 196524.2812392091, 0.349}}) {
    const auto figures = gavel_world().run(Settings(
        "gavel",
        {{"trace", trace}, {"throughputs", table}, {"cluster", c.cluster}, {"policy", "fifo"}}));
    EXPECT_NEAR(figure(figures, "avg_jct"), c.avg_jct_s, 1e-9 * c.avg_jct_s) << c.cluster;
    EXPECT_NEAR(figure(figures, "makespan"), c.makespan_s, 1e-9 * c.makespan_s) << c.cluster;
    EXPECT_NEAR(figure(figures, "utilisation"), c.utilisation, 0.0005) << c.cluster;
  }
}

}  // namespace
}  // namespace orrery::compat
