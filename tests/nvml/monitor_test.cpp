// GpuMonitor: what has changed, whose work it is, and what happens when the driver hangs.
#include "live/nvml/monitor.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <mutex>

#include "tests/nvml/support.hpp"

namespace orrery::live {
namespace {

using namespace nvml::testing;
using Kind = GpuEvent::Kind;

constexpr const char* kTwo = "gpus: [{model: H100-80GB, count: 2}]\n";

/// Collects events from whatever thread they come.
class Heard {
 public:
  std::function<void(const GpuEvent&)> handler() {
    return [this](const GpuEvent& event) {
      std::lock_guard lock(mutex_);
      events_.push_back(event);
    };
  }
  std::vector<GpuEvent> of(Kind kind) const {
    std::lock_guard lock(mutex_);
    std::vector<GpuEvent> found;
    std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
                 [&](const GpuEvent& event) { return event.kind == kind; });
    return found;
  }
  size_t size() const {
    std::lock_guard lock(mutex_);
    return events_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<GpuEvent> events_;
};

TEST(GpuMonitor, TellsAnXidAtOnceWithItsMeaning) {
  SimulatedGpus gpus(kTwo);
  Heard heard;
  GpuMonitor monitor({simulated(), {}, heard.handler()});
  const GpuOverview overview = monitor.read();
  ASSERT_TRUE(overview.events.ok()) << overview.events.text;
  gpus.faults("[{gpu: 1, xid: 95}]");
  ASSERT_TRUE(eventually([&] { return heard.of(Kind::kXid).size() == 1; }));
  const GpuEvent event = heard.of(Kind::kXid).front();
  EXPECT_EQ(event.index, 1U);
  EXPECT_EQ(event.uuid, overview.gpus.at(1).uuid);
  EXPECT_EQ(event.value, 95U);
  EXPECT_EQ(event.text, "XID 95: uncontained ECC error (critical); drain, then reset the GPU");
  EXPECT_EQ(heard.size(), 1U);
}

TEST(GpuMonitor, TellsOnceThatAGpuIsLostAndOnceThatItIsBack) {
  SimulatedGpus gpus(kTwo);
  Heard heard;
  GpuMonitor monitor({simulated(), {}, heard.handler()});
  const std::string uuid = monitor.read().gpus.at(0).uuid;
  gpus.faults("[{gpu: 0, lost: true}]");
  for (int i = 0; i < 3; ++i) {
    const GpuOverview overview = monitor.read();
    EXPECT_TRUE(overview.status.ok());
    EXPECT_EQ(overview.gpus.at(0).state, nvml::GpuState::kLost);
    EXPECT_EQ(overview.gpus.at(0).uuid, uuid) << "known from before";
    EXPECT_EQ(overview.gpus.at(1).state, nvml::GpuState::kOk);
  }
  ASSERT_EQ(heard.of(Kind::kLost).size(), 1U);
  EXPECT_EQ(heard.of(Kind::kLost)[0].uuid, uuid);
  gpus.faults("[]");
  EXPECT_EQ(monitor.read().gpus.at(0).state, nvml::GpuState::kOk);
  EXPECT_EQ(heard.of(Kind::kBack).size(), 1U);
  EXPECT_EQ(heard.size(), 2U);
}

TEST(GpuMonitor, XidsOfOthersAreHeardWhileAGpuIsLost) {
  SimulatedGpus gpus(kTwo);
  Heard heard;
  GpuMonitor monitor({simulated(), {}, heard.handler()});
  monitor.read();
  gpus.faults("[{gpu: 0, lost: true}, {gpu: 1, xid: 63}]");
  EXPECT_TRUE(eventually([&] { return heard.of(Kind::kXid).size() == 1; }));
}

TEST(GpuMonitor, TellsHowManyEccErrorsCameSinceTheLastReading) {
  SimulatedGpus gpus("gpus: [{model: A30, ecc_corrected: 1000}]\n");
  Heard heard;
  GpuMonitor monitor({simulated(), {}, heard.handler()});
  monitor.read();
  EXPECT_EQ(heard.size(), 0U) << "errors from before are no news";
  gpus.faults("[{ecc_corrected: 5}, {ecc_uncorrected: 2}]");
  EXPECT_EQ(monitor.read().gpus.at(0).ecc_corrected, 1005U);
  ASSERT_EQ(heard.of(Kind::kEccCorrected).size(), 1U);
  EXPECT_EQ(heard.of(Kind::kEccCorrected)[0].value, 5U);
  ASSERT_EQ(heard.of(Kind::kEccUncorrected).size(), 1U);
  EXPECT_EQ(heard.of(Kind::kEccUncorrected)[0].value, 2U);
  monitor.read();
  EXPECT_EQ(heard.size(), 2U);
}

TEST(GpuMonitor, AsksWhoseAProcessIs) {
  SimulatedGpus gpus("gpus: [{processes: [{pid: 31, memory_mib: 1}, {pid: 32, memory_mib: 1}]}]\n");
  GpuMonitor monitor(
      {simulated(), [](uint32_t pid) { return pid == 32 ? std::string("job-7") : ""; }, {}});
  const GpuOverview overview = monitor.read();
  ASSERT_EQ(overview.gpus.at(0).processes.size(), 2U);
  EXPECT_EQ(overview.gpus[0].processes[0].container, "");
  EXPECT_EQ(overview.gpus[0].processes[1].container, "job-7");
}

TEST(GpuMonitor, ANewGpuIsSeenAfterAReprobe) {
  SimulatedGpus gpus("gpus: [{model: T4}]\n");
  GpuMonitor monitor({simulated(), {}, {}});
  EXPECT_EQ(monitor.read().gpus.size(), 1U);
  gpus.describe("gpus: [{model: T4, count: 3}]\n");
  EXPECT_EQ(monitor.read().gpus.size(), 1U) << "NVML counts when it is opened";
  EXPECT_TRUE(monitor.reprobe().ok());
  EXPECT_EQ(monitor.read().gpus.size(), 3U);
}

TEST(GpuMonitor, AnotherGpuUnderTheSameNumberHasCountersOfItsOwn) {
  SimulatedGpus gpus("gpus: [{uuid: GPU-old, ecc_corrected: 5}, {uuid: GPU-gone}]\n");
  Heard heard;
  GpuMonitor monitor({simulated(milliseconds(1500)), {}, heard.handler()});
  monitor.read();
  gpus.describe("gpus: [{uuid: GPU-new, ecc_corrected: 500}]\n");
  ASSERT_TRUE(monitor.reprobe().ok());
  EXPECT_EQ(monitor.read().gpus.at(0).uuid, "GPU-new");
  EXPECT_EQ(heard.size(), 0U);
  gpus.faults("[{call: nvmlDeviceGetUUID, hang: true}]");
  const GpuOverview overview = monitor.read();
  EXPECT_TRUE(overview.hung);
  EXPECT_EQ(overview.gpus.size(), 1U) << "a GPU that is gone is not told as one that is not read";
  gpus.faults("[]");
  EXPECT_TRUE(eventually([&] { return !monitor.hung(); }));
}

TEST(GpuMonitor, LivesOnWhileTheDriverHangsAndReadsAgainAfterwards) {
  SimulatedGpus gpus(kTwo);
  Heard heard;
  GpuMonitor monitor({simulated(milliseconds(1500)), {}, heard.handler()});
  const GpuOverview before = monitor.read();
  ASSERT_TRUE(before.status.ok());
  gpus.faults("[{call: nvmlDeviceGetUtilizationRates, gpu: 1, hang: true}]");
  const GpuOverview first = monitor.read();
  EXPECT_EQ(first.status.code, nvml::Code::kTimedOut);
  EXPECT_TRUE(first.hung);
  EXPECT_TRUE(monitor.hung());
  ASSERT_EQ(first.gpus.size(), 2U);
  EXPECT_EQ(first.gpus[0].state, nvml::GpuState::kOk);
  EXPECT_EQ(first.gpus[1].state, nvml::GpuState::kUnknown);
  EXPECT_EQ(first.gpus[1].uuid, before.gpus[1].uuid);
  EXPECT_FALSE(first.gpus[1].busy_percent.has_value()) << "no old number is told as a new one";
  const GpuOverview second = monitor.read();
  EXPECT_EQ(second.status.code, nvml::Code::kHung);
  EXPECT_EQ(second.gpus.at(0).state, nvml::GpuState::kUnknown);
  EXPECT_EQ(monitor.reprobe().code, nvml::Code::kHung);
  EXPECT_EQ(heard.of(Kind::kHung).size(), 1U);
  gpus.faults("[]");
  EXPECT_TRUE(eventually([&] { return monitor.read().status.ok(); }));
  EXPECT_EQ(heard.of(Kind::kAnswers).size(), 1U);
  EXPECT_FALSE(monitor.hung());
  EXPECT_TRUE(monitor.reprobe().ok());
}

TEST(GpuMonitor, AnEventThreadThatHangsIsLeftBehind) {
  SimulatedGpus gpus(kTwo);
  {
    GpuMonitor monitor({simulated(milliseconds(1500)), {}, {}});
    ASSERT_TRUE(monitor.read().status.ok());
    gpus.faults("[{call: nvmlEventSetWait, hang: true}]");
    EXPECT_TRUE(monitor.read().status.ok()) << "readings go on without events";
    // A thread that is not in there yet when it is told to end still ends.
    EXPECT_TRUE(eventually([&] { return monitor.reprobe().code == nvml::Code::kHung; }));
    EXPECT_TRUE(monitor.read().status.ok());
  }
  gpus.faults("[]");
}

TEST(GpuMonitor, SeveralThreadsMayReadAtOnce) {
  SimulatedGpus gpus(kTwo);
  Heard heard;
  GpuMonitor monitor({simulated(), {}, heard.handler()});
  gpus.faults("[{gpu: 0, xid: 13}]");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 10; ++j) {
        EXPECT_EQ(monitor.read().gpus.size(), 2U);
        if (i == 0 && j % 4 == 0) {
          EXPECT_TRUE(monitor.reprobe().ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(eventually([&] { return heard.of(Kind::kXid).size() == 1; }));
}

}  // namespace
}  // namespace orrery::live
