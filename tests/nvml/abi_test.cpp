// The layouts of NVML's structs, as the 64-bit driver has them. Figures: sizes and offsets of
// NVIDIA's public header, and where that header is installed, the header itself.
#include "live/nvml/abi.hpp"

#include <cstddef>
#include <gtest/gtest.h>

#if __has_include(<nvml.h>)
#include <nvml.h>
#endif

namespace orrery::live::nvml {
namespace {

TEST(Abi, StructsHaveTheSizesAndOffsetsOfTheDriver) {
  EXPECT_EQ(sizeof(Utilization), 8U);
  EXPECT_EQ(sizeof(MemoryV1), 24U);
  EXPECT_EQ(sizeof(MemoryV2), 40U);
  EXPECT_EQ(offsetof(MemoryV2, total), 8U);
  EXPECT_EQ(offsetof(MemoryV2, reserved), 16U);
  EXPECT_EQ(offsetof(MemoryV2, free), 24U);
  EXPECT_EQ(offsetof(MemoryV2, used), 32U);
  EXPECT_EQ(kMemoryV2, 0x02000028U);
  EXPECT_EQ(sizeof(PciInfo), 68U);
  EXPECT_EQ(offsetof(PciInfo, domain), 16U);
  EXPECT_EQ(offsetof(PciInfo, bus_id), 36U);
  EXPECT_EQ(sizeof(ProcessInfo), 24U);
  EXPECT_EQ(offsetof(ProcessInfo, used_gpu_memory), 8U);
  EXPECT_EQ(offsetof(ProcessInfo, gpu_instance), 16U);
  EXPECT_EQ(offsetof(ProcessInfo, compute_instance), 20U);
  EXPECT_EQ(sizeof(EventData), 32U);
  EXPECT_EQ(offsetof(EventData, type), 8U);
  EXPECT_EQ(offsetof(EventData, data), 16U);
  EXPECT_EQ(offsetof(EventData, gpu_instance), 24U);
}

TEST(Abi, EveryCodeHasAMeaningOfItsOwn) {
  for (int code = 0; code <= 25; ++code) EXPECT_FALSE(meaning_of(Code{code}).empty()) << code;
  EXPECT_NE(meaning_of(Code::kGpuIsLost), meaning_of(Code::kResetRequired));
  EXPECT_NE(meaning_of(Code::kOperatingSystem).find("cgroup"), std::string_view::npos);
}

TEST(Abi, AgreesWithTheInstalledHeader) {
#if __has_include(<nvml.h>)
  EXPECT_EQ(sizeof(MemoryV1), sizeof(nvmlMemory_t));
  EXPECT_EQ(sizeof(MemoryV2), sizeof(nvmlMemory_v2_t));
  EXPECT_EQ(kMemoryV2, static_cast<uint32_t>(nvmlMemory_v2));
  EXPECT_EQ(sizeof(PciInfo), sizeof(nvmlPciInfo_t));
  EXPECT_EQ(offsetof(PciInfo, bus_id), offsetof(nvmlPciInfo_t, busId));
  EXPECT_EQ(sizeof(ProcessInfo), sizeof(nvmlProcessInfo_t));
  EXPECT_EQ(sizeof(EventData), sizeof(nvmlEventData_t));
  EXPECT_EQ(static_cast<int>(Code::kGpuIsLost), static_cast<int>(NVML_ERROR_GPU_IS_LOST));
  EXPECT_EQ(kEventXid, static_cast<uint64_t>(nvmlEventTypeXidCriticalError));
#else
  GTEST_SKIP() << "no nvml.h here; the figures above are compared with nothing but themselves";
#endif
}

}  // namespace
}  // namespace orrery::live::nvml
