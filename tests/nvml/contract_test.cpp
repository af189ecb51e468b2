// What must hold of every NVML: the simulated one of this build and, where a driver is installed,
// the real one. Nothing here knows which it is.
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>

#include "actors/error.hpp"
#include "live/nvml/monitor.hpp"
#include "tests/nvml/support.hpp"

namespace orrery::live::nvml {
namespace {

using namespace testing;

constexpr const char* kMixed = R"(
gpus:
  - {model: H100-80GB, count: 2, busy_percent: 60,
     processes: [{pid: 4242, memory_mib: 1000}, {pid: 4243, memory_mib: 10, kind: graphics}]}
  - {model: A100-40GB, mig: true, slices: [{profile: 1g.5gb, memory_mib: 4864}]}
  - {model: RTX4090, busy_percent: 5}
)";

/// The driver's library by its full path: once the simulated one is loaded, its bare name would
/// mean that one. "" where there is none.
std::filesystem::path real_library() {
  for (const char* folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                             "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib", "/usr/lib64/nvidia",
                             "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"}) {
    const auto path = std::filesystem::path(folder) / kDefaultLibrary;
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

class NvmlContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "real") {
      options_ = {real_library(), kPatient};
      if (options_.library.empty()) GTEST_SKIP() << "no NVIDIA driver on this machine";
    } else {
      simulated_.emplace(kMixed);
      options_ = GetParam() == "old" ? testing::simulated_old() : testing::simulated();
    }
    nvml_ = std::make_unique<Nvml>(options_);
    const Status status = nvml_->open();
    if (GetParam() == "real" && status.code == Code::kDriverNotLoaded) {
      GTEST_SKIP() << "NVIDIA's library is here, its driver is not: " << status.text;
    }
    ASSERT_TRUE(status.ok()) << status.text;
  }

  std::optional<SimulatedGpus> simulated_;
  Nvml::Options options_;
  std::unique_ptr<Nvml> nvml_;
};

TEST_P(NvmlContract, EveryGpuHasANameOfItsOwn) {
  ASSERT_GT(nvml_->gpu_count(), 0U);
  EXPECT_FALSE(nvml_->versions().driver.empty());
  std::set<std::string> uuids;
  std::set<std::string> addresses;
  for (uint32_t i = 0; i < nvml_->gpu_count(); ++i) {
    GpuReading gpu;
    ASSERT_TRUE(nvml_->read(i, gpu).ok());
    EXPECT_EQ(gpu.index, i);
    EXPECT_TRUE(gpu.uuid.starts_with("GPU-")) << gpu.uuid;
    EXPECT_FALSE(gpu.name.empty());
    EXPECT_NE(gpu.pci_bus_id.find(':'), std::string::npos) << gpu.pci_bus_id;
    uuids.insert(gpu.uuid);
    addresses.insert(gpu.pci_bus_id);
  }
  EXPECT_EQ(uuids.size(), nvml_->gpu_count());
  EXPECT_EQ(addresses.size(), nvml_->gpu_count());
}

TEST_P(NvmlContract, NumbersAreWithinWhatTheyCanBe) {
  for (uint32_t i = 0; i < nvml_->gpu_count(); ++i) {
    GpuReading gpu;
    ASSERT_TRUE(nvml_->read(i, gpu).ok());
    EXPECT_EQ(gpu.state, GpuState::kOk) << gpu.trouble;
    ASSERT_TRUE(gpu.memory_total_bytes.has_value());
    EXPECT_GT(*gpu.memory_total_bytes, uint64_t{1} << 30U);
    EXPECT_LE(gpu.memory_used_bytes.value_or(0) + gpu.memory_reserved_bytes.value_or(0),
              *gpu.memory_total_bytes);
    EXPECT_LE(gpu.busy_percent.value_or(0), 100U);
    EXPECT_LE(gpu.memory_busy_percent.value_or(0), 100U);
    EXPECT_LT(gpu.power_milliwatts.value_or(0), 2'000'000U);
    EXPECT_LT(gpu.temperature_celsius.value_or(0), 120U);
    EXPECT_LT(gpu.sm_clock_mhz.value_or(0), 5'000U);
    EXPECT_TRUE(gpu.mig_instances.empty() || gpu.mig_enabled.value_or(false));
    for (const GpuProcess& process : gpu.processes) {
      EXPECT_GT(process.pid, 0U);
      EXPECT_LE(process.memory_bytes.value_or(0), *gpu.memory_total_bytes);
    }
  }
}

TEST_P(NvmlContract, EnergyNeverFalls) {
  for (uint32_t i = 0; i < nvml_->gpu_count(); ++i) {
    GpuReading before;
    GpuReading after;
    ASSERT_TRUE(nvml_->read(i, before).ok());
    ASSERT_TRUE(nvml_->read(i, after).ok());
    EXPECT_EQ(before.energy_millijoules.has_value(), after.energy_millijoules.has_value());
    EXPECT_LE(before.energy_millijoules.value_or(0), after.energy_millijoules.value_or(0));
  }
}

TEST_P(NvmlContract, NamesStayOverACloseAndAnOpen) {
  auto names = [&] {
    std::map<std::string, std::string> found;
    for (uint32_t i = 0; i < nvml_->gpu_count(); ++i) {
      GpuReading gpu;
      EXPECT_TRUE(nvml_->read(i, gpu).ok());
      found[gpu.uuid] = gpu.name + gpu.pci_bus_id;
    }
    return found;
  };
  const auto before = names();
  EXPECT_TRUE(nvml_->close().ok());
  GpuReading gpu;
  EXPECT_EQ(nvml_->read(0, gpu).code, Code::kUninitialized);
  ASSERT_TRUE(nvml_->open().ok());
  EXPECT_EQ(names(), before);
}

TEST_P(NvmlContract, AMonitorReadsWhatTheLibraryReads) {
  const uint32_t count = nvml_->gpu_count();
  GpuReading first;
  ASSERT_TRUE(nvml_->read(0, first).ok());
  nvml_.reset();
  GpuMonitor monitor({options_, {}, {}});
  const GpuOverview overview = monitor.read();
  ASSERT_TRUE(overview.status.ok()) << overview.status.text;
  EXPECT_FALSE(overview.hung);
  ASSERT_EQ(overview.gpus.size(), count);
  EXPECT_EQ(overview.gpus[0].uuid, first.uuid);
  EXPECT_TRUE(monitor.reprobe().ok());
  EXPECT_EQ(monitor.read().gpus.size(), count);
}

INSTANTIATE_TEST_SUITE_P(Libraries, NvmlContract, ::testing::Values("simulated", "old", "real"),
                         [](const auto& library) { return library.param; });

TEST(NvmlLibrary, WithoutADriverSaysWhatToDo) {
  try {
    Nvml nvml({"libno-such-nvml.so.1", kPatient});
    FAIL() << "loaded a library that is not there";
  } catch (const EnvironmentError& e) {
    EXPECT_NE(std::string(e.what()).find("libno-such-nvml.so.1"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("simulated library"), std::string::npos);
  }
  EXPECT_THROW(Nvml({"libm.so.6", kPatient}), EnvironmentError) << "a library, but not NVML";
}

}  // namespace
}  // namespace orrery::live::nvml
