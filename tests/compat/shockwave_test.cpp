#include "compat/shockwave.hpp"

#include <gtest/gtest.h>

#include "tests/compat/shared.hpp"

namespace orrery::compat {
namespace {

std::map<std::string, std::string> published(const std::string& trace) {
  return {{"trace", shared_path("traces/shockwave/" + trace)},
          {"throughputs", shared_path("reference/shockwave/data/tacc_throughputs.json.gz")},
          {"growth", shared_path("reference/shockwave/data/gns_batch_growth.csv")},
          {"cluster", "32:0:0"},
          {"policy", "gandiva_fair"}};
}
constexpr auto k120 = "120_0.2_5_100_40_25_0,0.5,0.5_0.6,0.3,0.09,0.01_multigpu_dynamic.trace";

TEST(ShockwaveShared, GandivaFairAsPublished) {
  auto settings = published(k120);
  REQUIRE_SHARED(settings["trace"]);
  settings["durations"] = shared_path("reference/shockwave/data/job_adapted_duration_120.csv");
  const auto figures = shockwave_world().run(Settings("shockwave", settings));
  EXPECT_NEAR(figure(figures, "avg_jct"), 12574.272, 0.0005);
  EXPECT_DOUBLE_EQ(figure(figures, "makespan"), 32367.434395330914);
  EXPECT_EQ(figure(figures, "rounds"), 270);
}

// Another trace of the family: no table of durations was published for it.
TEST(ShockwaveShared, RunsTheLargerTraceWithItsOwnDurations) {
  const auto settings =
      published("220_0.2_5_100_25_4_0,0.5,0.5_0.6,0.3,0.09,0.01_multigpu_dynamic.trace");
  REQUIRE_SHARED(settings.at("trace"));
  const auto figures = shockwave_world().run(Settings("shockwave", settings));
  EXPECT_GT(figure(figures, "makespan"), figure(figures, "avg_jct"));
}

}  // namespace
}  // namespace orrery::compat
