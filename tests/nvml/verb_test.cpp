// `orrery gpus`, run as a user runs it, over the simulated library.
#include <array>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "tests/nvml/support.hpp"

namespace orrery::live::nvml {
namespace {

using namespace testing;

constexpr const char* kOne = R"(
gpus: [{model: A100-40GB, busy_percent: 70, ecc_corrected: 2,
        processes: [{pid: 1234, memory_mib: 2048}]}]
)";

class GpusVerb : public ::testing::Test {
 protected:
  /// Runs `orrery gpus`, keeps what it prints, and gives its exit code.
  int gpus(const std::string& arguments, const std::string& library = ORRERY_NVML_SIM_LIBRARY) {
    const std::string command = std::string("'") + ORRERY_BINARY + "' gpus --library '" + library +
                                "' " + arguments + " >'" + (folder_ / "out").string() + "' 2>'" +
                                (folder_ / "err").string() + "'";
    const int status = std::system(command.c_str());
    out_ = text_of("out");
    err_ = text_of("err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string text_of(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  bool printed(const std::string& text) const { return out_.find(text) != std::string::npos; }

  Folder folder_;
  std::string out_;
  std::string err_;
};

TEST_F(GpusVerb, PrintsTablesWithUnits) {
  const SimulatedGpus simulated(kOne);
  ASSERT_EQ(gpus(""), 0) << err_;
  EXPECT_EQ(err_, "");
  EXPECT_TRUE(printed("driver 550.54.15, CUDA up to 12.4")) << out_;
  EXPECT_TRUE(printed("0 NVIDIA A100-SXM4-40GB     ok      70  2,048 / 40,960  295 / 400")) << out_;
  EXPECT_TRUE(printed("2 / 0")) << out_;
  EXPECT_TRUE(printed("GPU-0441e000")) << out_;
  EXPECT_TRUE(printed("1234       0      -  compute       2,048          -")) << out_;
}

TEST_F(GpusVerb, PrintsJsonWithUnitsInItsNames) {
  const SimulatedGpus simulated(kOne);
  ASSERT_EQ(gpus("--json"), 0) << err_;
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json.at("cuda"), "12.4");
  EXPECT_EQ(json.at("hung"), false);
  const auto& gpu = json.at("gpus").at(0);
  EXPECT_EQ(gpu.at("memory_total_bytes"), 40960 * kMib);
  EXPECT_EQ(gpu.at("power_milliwatts"), 295'000);
  EXPECT_EQ(gpu.at("mig_enabled"), false);
  EXPECT_EQ(gpu.at("processes").at(0).at("pid"), 1234);
  const SimulatedGpus other("gpus: [{model: RTX4090}]\n");
  ASSERT_EQ(gpus("--json"), 0) << err_;
  EXPECT_TRUE(nlohmann::json::parse(out_).at("gpus").at(0).at("ecc_corrected").is_null());
}

TEST_F(GpusVerb, WithoutNvmlSaysWhatToDoAndEndsWithThree) {
  EXPECT_EQ(gpus("", "libno-such-nvml.so.1"), 3);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find("expected libno-such-nvml.so.1, found none"), std::string::npos) << err_;
  EXPECT_NE(err_.find("simulated library"), std::string::npos) << err_;
  unsetenv("ORRERY_NVML_SIM");
  EXPECT_EQ(gpus(""), 3);
  EXPECT_NE(err_.find("the driver is not loaded"), std::string::npos) << err_;
}

TEST_F(GpusVerb, ADriverThatHangsIsToldWithinTheDeadline) {
  const SimulatedGpus simulated(kOne);
  simulated.faults("[{call: nvmlInit, hang: true}]");
  EXPECT_EQ(gpus("--deadline 0.2"), 3);
  EXPECT_NE(err_.find("timed out after 200 ms in nvmlInit"), std::string::npos) << err_;
}

TEST_F(GpusVerb, AHangHalfWayShowsWhatWasRead) {
  const SimulatedGpus simulated("gpus: [{model: T4, count: 2, busy_percent: 12}]\n");
  simulated.faults("[{call: nvmlDeviceGetPowerUsage, gpu: 1, hang: true}]");
  EXPECT_EQ(gpus("--deadline 1.5"), 3);
  EXPECT_TRUE(printed("0 Tesla T4")) << out_;
  EXPECT_NE(err_.find("nvmlDeviceGetPowerUsage"), std::string::npos) << err_;
}

TEST_F(GpusVerb, WatchTellsWhatHappensUntilItIsInterrupted) {
  const SimulatedGpus simulated(kOne);
  const std::string out = folder_ / "out";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) _exit(97);
    execl(ORRERY_BINARY, "orrery", "gpus", "--watch", "--json", "--interval", "0.02", "--library",
          ORRERY_NVML_SIM_LIBRARY, static_cast<char*>(nullptr));
    _exit(98);
  }
  auto told = [&](const std::string& text) {
    return text_of("out").find(text) != std::string::npos;
  };
  EXPECT_TRUE(eventually([&] { return told("\"gpus\":[{"); }));
  simulated.faults("[{xid: 79}, {lost: true}]");
  EXPECT_TRUE(eventually([&] { return told("\"event\":\"xid\"") && told("\"event\":\"lost\""); }));
  kill(child, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130) << status;
  std::istringstream lines(text_of("out"));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
}

}  // namespace
}  // namespace orrery::live::nvml
