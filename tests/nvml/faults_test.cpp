// What goes wrong below: calls that hang or crawl, GPUs that vanish, drivers that lack functions.
#include <gtest/gtest.h>

#include "live/nvml/nvml.hpp"
#include "tests/nvml/support.hpp"

namespace orrery::live::nvml {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

constexpr const char* kTwo = "gpus: [{model: H100-80GB, count: 2, busy_percent: 40}]\n";
constexpr milliseconds kShort{150};

GpuReading read(Nvml& nvml, uint32_t index) {
  GpuReading gpu;
  const Status status = nvml.read(index, gpu);
  EXPECT_TRUE(status.ok()) << status.text;
  return gpu;
}

TEST(NvmlFaults, AHangInInitIsATimeOutAndNotTheEnd) {
  SimulatedGpus gpus(kTwo);
  gpus.faults("[{call: nvmlInit, hang: true}]");
  Nvml nvml(simulated(kShort));
  const auto begin = Clock::now();
  const Status status = nvml.open();
  EXPECT_GE(Clock::now() - begin, kShort);
  EXPECT_LT(Clock::now() - begin, kPatient);
  EXPECT_EQ(status.code, Code::kTimedOut);
  EXPECT_EQ(status.text, "NVML timed out after 150 ms in nvmlInit");
  EXPECT_TRUE(nvml.hung());
  EXPECT_FALSE(nvml.is_open());
  // Nobody waits a second time for what does not come back.
  const auto again = Clock::now();
  const Status next = nvml.open();
  EXPECT_EQ(next.code, Code::kHung);
  EXPECT_NE(next.text.find("nvmlInit"), std::string::npos);
  EXPECT_LT(Clock::now() - again, kShort);
  // Once the call has come back, all is well again.
  gpus.faults("[]");
  EXPECT_TRUE(eventually([&] { return !nvml.hung(); }));
  EXPECT_TRUE(eventually([&] { return nvml.open().ok(); }));
  EXPECT_EQ(nvml.gpu_count(), 2U);
}

TEST(NvmlFaults, AHangInAnyOtherCallNamesIt) {
  SimulatedGpus gpus(kTwo);
  Nvml nvml(simulated(milliseconds(1500)));
  ASSERT_TRUE(nvml.open().ok());
  gpus.faults("[{call: nvmlDeviceGetPowerUsage, gpu: 1, hang: true}]");
  EXPECT_EQ(read(nvml, 0).state, GpuState::kOk) << "the other GPU is sound";
  GpuReading gpu;
  const Status status = nvml.read(1, gpu);
  EXPECT_EQ(status.code, Code::kTimedOut);
  EXPECT_NE(status.text.find("nvmlDeviceGetPowerUsage"), std::string::npos) << status.text;
  EXPECT_EQ(nvml.read(0, gpu).code, Code::kHung);
  gpus.faults("[]");
  EXPECT_TRUE(eventually([&] { return nvml.read(1, gpu).ok(); }));
  EXPECT_EQ(gpu.busy_percent, 40U);
}

TEST(NvmlFaults, AnEndWhileACallHangsDoesNotWaitForIt) {
  SimulatedGpus gpus(kTwo);
  gpus.faults("[{call: nvmlInit, hang: true}]");
  const auto begin = Clock::now();
  auto nvml = std::make_unique<Nvml>(simulated(kShort));
  EXPECT_EQ(nvml->open().code, Code::kTimedOut);
  nvml.reset();
  EXPECT_LT(Clock::now() - begin, kPatient);
  gpus.faults("[]");
  // The call that was left behind comes back and opens the library: close it for the next test.
  Nvml next(simulated());
  EXPECT_TRUE(eventually([&] { return next.open().ok(); }));
}

TEST(NvmlFaults, SlowCallsAreWaitedForWithinTheDeadline) {
  SimulatedGpus gpus(kTwo);
  gpus.faults("[{call: nvmlDeviceGetTemperature, slow_ms: 60}]");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  const auto begin = Clock::now();
  EXPECT_TRUE(read(nvml, 0).temperature_celsius.has_value());
  EXPECT_GE(Clock::now() - begin, milliseconds(60));
  EXPECT_FALSE(nvml.hung());
}

TEST(NvmlFaults, ALostGpuIsToldApartFromItsNeighbours) {
  SimulatedGpus gpus(kTwo);
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  gpus.faults("[{gpu: 1, lost: true}]");
  EXPECT_EQ(read(nvml, 0).state, GpuState::kOk);
  const GpuReading lost = read(nvml, 1);
  EXPECT_EQ(lost.state, GpuState::kLost);
  EXPECT_NE(lost.trouble.find("fallen off the bus"), std::string::npos) << lost.trouble;
  EXPECT_FALSE(lost.power_milliwatts.has_value());
  // Also when it is lost before the library is opened.
  nvml.close();
  ASSERT_TRUE(nvml.open().ok());
  EXPECT_EQ(nvml.gpu_count(), 2U);
  EXPECT_EQ(read(nvml, 1).state, GpuState::kLost);
  EXPECT_EQ(read(nvml, 0).state, GpuState::kOk);
}

TEST(NvmlFaults, AResetThatIsNeededAndACgroupThatBlocksAreStates) {
  SimulatedGpus gpus(kTwo);
  gpus.faults("[{gpu: 0, needs_reset: true}, {gpu: 1, blocked: true}]");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  EXPECT_EQ(read(nvml, 0).state, GpuState::kNeedsReset);
  const GpuReading blocked = read(nvml, 1);
  EXPECT_EQ(blocked.state, GpuState::kBlocked);
  EXPECT_NE(blocked.trouble.find("cgroup"), std::string::npos) << blocked.trouble;
}

TEST(NvmlFaults, AnOldDriverIsACapabilityLessAndNoFailure) {
  SimulatedGpus gpus(R"(
gpus: [{model: V100-32GB, busy_percent: 40, processes: [{pid: 7, memory_mib: 50},
                                                        {pid: 8, memory_mib: 60}]}]
)");
  Nvml nvml(simulated_old());
  ASSERT_TRUE(nvml.open().ok());
  const GpuReading gpu = read(nvml, 0);
  EXPECT_EQ(gpu.state, GpuState::kOk) << gpu.trouble;
  EXPECT_EQ(gpu.pci_bus_id, "0000:17:00.0") << "by the older struct";
  EXPECT_EQ(gpu.memory_total_bytes, 32768 * kMib);
  EXPECT_EQ(gpu.memory_used_bytes, (110 + 270) * kMib) << "with what the driver reserves";
  EXPECT_FALSE(gpu.memory_reserved_bytes.has_value());
  EXPECT_FALSE(gpu.energy_millijoules.has_value());
  EXPECT_FALSE(gpu.mig_enabled.has_value());
  EXPECT_EQ(gpu.throttle_reasons, 0U) << "by its older name";
  ASSERT_EQ(gpu.processes.size(), 2U) << "by the oldest record, of 16 bytes";
  EXPECT_EQ(gpu.processes[1].pid, 8U);
  EXPECT_EQ(gpu.processes[1].memory_bytes, 60 * kMib);
  EXPECT_FALSE(gpu.processes[1].gpu_instance.has_value());
  const auto& absent = nvml.library()->absent();
  EXPECT_NE(std::find(absent.begin(), absent.end(), "nvmlDeviceGetMigMode"), absent.end());
}

TEST(NvmlFaults, AFunctionThatTheDriverRefusesFallsBackToTheOlderOne) {
  SimulatedGpus gpus("gpus: [{model: T4, processes: [{pid: 7, memory_mib: 50}]}]\n");
  gpus.faults("[{call: nvmlDeviceGetMemoryInfo_v2, missing: true}]");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  const GpuReading gpu = read(nvml, 0);
  EXPECT_EQ(gpu.state, GpuState::kOk) << gpu.trouble;
  EXPECT_EQ(gpu.memory_used_bytes, (50 + 450) * kMib);
  EXPECT_FALSE(gpu.memory_reserved_bytes.has_value());
}

TEST(NvmlFaults, TheLongerProcessRecordOf535IsReadAsItIs) {
  SimulatedGpus gpus(R"(
driver: 535.54.03
process_record_bytes: 32
gpus: [{model: A10, processes: [{pid: 11, memory_mib: 1}, {pid: 12, memory_mib: 2},
                                {pid: 13, memory_mib: 3}]}]
)");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  const GpuReading gpu = read(nvml, 0);
  ASSERT_EQ(gpu.processes.size(), 3U);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(gpu.processes[i].pid, 11 + i);
    EXPECT_EQ(gpu.processes[i].memory_bytes, (i + 1) * kMib);
  }
}

TEST(NvmlFaults, MoreProcessesThanGuessedAreAllRead) {
  std::string yaml = "gpus: [{processes: [";
  for (int i = 1; i <= 300; ++i) yaml += "{pid: " + std::to_string(i) + ", memory_mib: 1}, ";
  SimulatedGpus gpus(yaml + "]}]\n");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  const GpuReading gpu = read(nvml, 0);
  ASSERT_EQ(gpu.processes.size(), 300U);
  EXPECT_EQ(gpu.processes[299].pid, 300U);
}

}  // namespace
}  // namespace orrery::live::nvml
