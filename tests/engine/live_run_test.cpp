// The built program runs a scenario in containers of each engine, and replays what happened.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "tests/engine/engines.hpp"

namespace orrery::live {
namespace {

using testing_support::Engine;
using testing_support::EngineKind;

class LiveRun : public testing::TestWithParam<EngineKind> {
 protected:
  /// The exit code.
  int orrery(const std::string& arguments) {
    std::string call = std::string(ORRERY_BINARY) + " " + arguments + " >'" + told().string() +
                       "' 2>&1 </dev/null";
    int status = std::system(call.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::filesystem::path told() const { return folder_.path() / "told.txt"; }
  std::filesystem::path record() const { return folder_.path() / "run"; }
  std::string text(const std::filesystem::path& file) const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  contract::TemporaryFolder folder_;
};

TEST_P(LiveRun, RunsAScenarioInContainersAndReplaysItDecisionForDecision) {
  Engine* engine = testing_support::engine(GetParam());
  if (engine == nullptr) return;
  std::string scenario = std::string(ORRERY_SOURCE_DIR) + "/scenarios/live-processes.yaml";
  std::string sets = " --driver engine --set live.image=" + engine->image +
                     " --set live.socket=" + engine->config.socket.string() +
                     " --set live.grace=1s --set workload.generate.jobs=5";
  ASSERT_EQ(orrery("live '" + scenario + "'" + sets + " --out '" + record().string() + "'"), 0)
      << text(told());
  nlohmann::json summary = nlohmann::json::parse(text(record() / "summary.json"));
  EXPECT_EQ(summary["jobs_by_final_state"]["completed"], 5) << summary.dump(1);
  ASSERT_EQ(orrery("replay '" + record().string() + "' --verify"), 0) << text(told());
  // Nothing of the run is left in the engine.
  for (const auto& found : Client(engine->config.socket).list({})) {
    auto run = found.labels.find("io.orrery.run");
    bool ours = run != found.labels.end() && run->second.starts_with("run-");
    EXPECT_FALSE(ours) << "left behind: " << found.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, LiveRun,
                         testing::Values(EngineKind::kFake, EngineKind::kDocker,
                                         EngineKind::kPodman),
                         [](const auto& kind) {
                           return std::string(kind.param == EngineKind::kFake     ? "Fake"
                                              : kind.param == EngineKind::kDocker ? "Docker"
                                                                                  : "Podman");
                         });

}  // namespace
}  // namespace orrery::live
