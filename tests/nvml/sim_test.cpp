// The simulated library tells what its description says.
#include <gtest/gtest.h>

#include "live/nvml/nvml.hpp"
#include "live/nvml/sim/description.hpp"
#include "tests/nvml/support.hpp"

namespace orrery::live::nvml {
namespace {

using namespace testing;

/// Opens the simulated library and reads one GPU.
GpuReading read_one(const Nvml::Options& options, uint32_t index = 0) {
  Nvml nvml(options);
  const Status status = nvml.open();
  EXPECT_TRUE(status.ok()) << status.text;
  GpuReading gpu;
  EXPECT_TRUE(nvml.read(index, gpu).ok());
  return gpu;
}

constexpr const char* kBusyH100 = R"(
gpus:
  - model: H100-80GB
    busy_percent: 50
    memory_busy_percent: 20
    temperature_celsius: 61
    idle_watts: 100
    max_watts: 700
    throttle: [power-cap, sw-thermal]
    ecc_corrected: 7
    ecc_uncorrected: 1
    processes:
      - {pid: 900, memory_mib: 2000}
      - {pid: 100, memory_mib: 30, kind: graphics}
      - {pid: 500, memory_mib: 70, kind: mps}
)";

TEST(SimulatedNvml, TellsWhatTheDescriptionSays) {
  SimulatedGpus gpus(kBusyH100);
  const GpuReading gpu = read_one(simulated());
  EXPECT_EQ(gpu.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(gpu.pci_bus_id, "00000000:17:00.0");
  EXPECT_EQ(gpu.minor, 0U);
  EXPECT_EQ(gpu.memory_total_bytes, 81559 * kMib);
  EXPECT_EQ(gpu.memory_reserved_bytes, 640 * kMib);
  EXPECT_EQ(gpu.memory_used_bytes, 2100 * kMib);
  EXPECT_EQ(gpu.busy_percent, 50U);
  EXPECT_EQ(gpu.memory_busy_percent, 20U);
  EXPECT_EQ(gpu.temperature_celsius, 61U);
  EXPECT_EQ(gpu.power_milliwatts, 400'000U);  // 100 W + half of 600 W
  EXPECT_EQ(gpu.power_limit_milliwatts, 700'000U);
  EXPECT_EQ(gpu.sm_clock_mhz, 1980U);
  EXPECT_EQ(gpu.memory_clock_mhz, 2619U);
  EXPECT_EQ(throttle_text(gpu.throttle_reasons.value_or(0)), "power-cap+sw-thermal");
  EXPECT_EQ(gpu.ecc_corrected, 7U);
  EXPECT_EQ(gpu.ecc_uncorrected, 1U);
  EXPECT_EQ(gpu.mig_enabled, false);
  ASSERT_EQ(gpu.processes.size(), 3U);
  EXPECT_EQ(gpu.processes[0].pid, 100U);
  EXPECT_EQ(gpu.processes[0].kind, ProcessKind::kGraphics);
  EXPECT_EQ(gpu.processes[1].kind, ProcessKind::kMps);
  EXPECT_EQ(gpu.processes[2].memory_bytes, 2000 * kMib);
  EXPECT_FALSE(gpu.processes[2].gpu_instance.has_value());
}

TEST(SimulatedNvml, WhatAGpuDoesNotHaveIsAbsentAndNotZero) {
  SimulatedGpus gpus("gpus: [{model: RTX4090}]\n");
  const GpuReading gpu = read_one(simulated());
  EXPECT_EQ(gpu.state, GpuState::kOk) << gpu.trouble;
  EXPECT_FALSE(gpu.ecc_corrected.has_value());
  EXPECT_FALSE(gpu.mig_enabled.has_value());
}

TEST(SimulatedNvml, SlicesOfAGpuHaveNamesMemoryAndProcesses) {
  SimulatedGpus gpus(R"(
gpus:
  - model: A100-80GB
    mig: true
    slices: [{profile: 3g.40gb, memory_mib: 40192}, {profile: 1g.10gb, memory_mib: 9728}]
    processes: [{pid: 77, memory_mib: 512, slice: 1}]
)");
  const GpuReading gpu = read_one(simulated());
  EXPECT_EQ(gpu.mig_enabled, true);
  EXPECT_FALSE(gpu.busy_percent.has_value()) << "a sliced GPU has no utilisation as a whole";
  ASSERT_EQ(gpu.mig_instances.size(), 2U);
  EXPECT_EQ(gpu.mig_instances[1].name, "NVIDIA A100-SXM4-80GB MIG 1g.10gb");
  EXPECT_TRUE(gpu.mig_instances[1].uuid.starts_with("MIG-"));
  EXPECT_NE(gpu.mig_instances[0].uuid, gpu.mig_instances[1].uuid);
  EXPECT_EQ(gpu.mig_instances[1].gpu_instance, 2U);
  EXPECT_EQ(gpu.mig_instances[1].memory_total_bytes, 9728 * kMib);
  EXPECT_EQ(gpu.mig_instances[1].memory_used_bytes, 512 * kMib);
  EXPECT_EQ(gpu.mig_instances[0].memory_used_bytes, 0U);
  ASSERT_EQ(gpu.processes.size(), 1U);
  EXPECT_EQ(gpu.processes[0].gpu_instance, 2U);
}

TEST(SimulatedNvml, EnergyIsPowerOverTime) {
  SimulatedGpus gpus("gpus: [{busy_percent: 100, idle_watts: 10, max_watts: 1000}]\n");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  auto energy = [&] {
    GpuReading gpu;
    EXPECT_TRUE(nvml.read(0, gpu).ok());
    return gpu.energy_millijoules.value_or(0);
  };
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const uint64_t first = energy();
  const auto begun = Clock::now();
  std::this_thread::sleep_for(milliseconds(50));
  const auto ending = Clock::now();
  const uint64_t second = energy();
  const auto end = Clock::now();
  // At 1000 W a millisecond is a joule. The readings lie somewhere within the two spans.
  auto joules = [](Clock::duration span) {
    return std::chrono::duration<double>(span).count() * 1000;
  };
  EXPECT_GE(double(second - first) / 1000, joules(ending - begun) - 0.01);
  EXPECT_LE(double(second - first) / 1000, joules(end - begin) + 0.01);
  // A change of the description loses none of it.
  gpus.describe("gpus: [{busy_percent: 0, idle_watts: 0, max_watts: 1000}]\n");
  EXPECT_GE(energy(), second);
  // Neither does a program that closes the library and opens it again.
  ASSERT_TRUE(nvml.close().ok());
  ASSERT_TRUE(nvml.open().ok());
  EXPECT_GE(energy(), second);
}

TEST(SimulatedNvml, AWaveSwingsAndItsIntegralIsItsSum) {
  const nvml_sim::Wave wave{20, 80, 10, 2.5};
  EXPECT_NEAR(wave.at(7.5), 20, 1e-9);
  EXPECT_NEAR(wave.at(2.5), 80, 1e-9);
  double sum = 0;
  constexpr int kSteps = 20'000;
  for (int i = 0; i < kSteps; ++i) sum += wave.at((i + 0.5) * 7.0 / kSteps) * 7.0 / kSteps;
  EXPECT_NEAR(wave.integral(7.0), sum, 1e-4);
  EXPECT_NEAR((nvml_sim::Wave{30, 30, 0, 0}).integral(4), 120, 1e-9);
}

TEST(SimulatedNvml, AChangedDescriptionIsReadAgain) {
  SimulatedGpus gpus("gpus: [{busy_percent: 10}]\n");
  Nvml nvml(simulated());
  ASSERT_TRUE(nvml.open().ok());
  GpuReading gpu;
  ASSERT_TRUE(nvml.read(0, gpu).ok());
  EXPECT_EQ(gpu.busy_percent, 10U);
  gpus.describe("gpus: [{busy_percent: 90}]\n");
  ASSERT_TRUE(nvml.read(0, gpu).ok());
  EXPECT_EQ(gpu.busy_percent, 90U);
  gpus.describe("gpus: [{busy: 90}]\n");  // not a description: what was there stays
  ASSERT_TRUE(nvml.read(0, gpu).ok());
  EXPECT_EQ(gpu.busy_percent, 90U);
}

TEST(SimulatedNvml, ADescriptionThatIsWrongSaysWhere) {
  const Folder folder;
  auto error = [&](const std::string& yaml) {
    folder.write("gpus.yaml", yaml);
    try {
      nvml_sim::read_description(folder / "gpus.yaml");
    } catch (const std::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  auto says = [](const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
  };
  EXPECT_TRUE(says(error("gpus:\n  - {modell: T4}\n"), "gpus.yaml:2:6: expected one of"));
  EXPECT_TRUE(says(error("gpus: [{model: T5}]\n"), "found \"T5\""));
  EXPECT_TRUE(says(error("gpus: [{model: T4, mig: true}]\n"), "a model that can do MIG"));
  EXPECT_TRUE(says(error("gpus: [{busy_percent: 101}]\n"), "from 0 to 100"));
  EXPECT_TRUE(says(error("gpus: [{count: -1}]\n"), "0 or more"));
  EXPECT_TRUE(says(error("gpus: [{count: 65}]\n"), "up to 64"));
  EXPECT_TRUE(says(error("gpus: [{}]\nfaults: [{gpu: 0}]\n"), "exactly one kind of fault"));
  EXPECT_TRUE(says(error("gpus: [{}]\nfaults: [{gpu: 1, xid: 79}]\n"), "up to 0"));
  EXPECT_TRUE(says(error("gpus: {\n"), "gpus.yaml"));
  EXPECT_EQ(error("driver: 535.54.03\ncuda: 12.2\ngpus: [{count: 8}]\n"), "no error");
}

TEST(SimulatedNvml, TheExampleIsADescription) {
  const auto world = nvml_sim::read_description(ORRERY_SOURCE_DIR "/scenarios/gpus/server.yaml");
  EXPECT_GE(world.gpus.size(), 4U);
  EXPECT_FALSE(world.faults.empty());
}

TEST(SimulatedNvml, WithoutADescriptionThereIsNoDriver) {
  unsetenv("ORRERY_NVML_SIM");
  Nvml nvml(simulated());
  EXPECT_EQ(nvml.open().code, Code::kDriverNotLoaded);
}

}  // namespace
}  // namespace orrery::live::nvml
