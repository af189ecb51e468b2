// Other programs that know NVML can use the simulated library: a C program, compiled here against
// declarations of its own, finds it by its name as it would find the driver's.
#include <array>
#include <cstdio>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/nvml/support.hpp"

namespace orrery::live::nvml {
namespace {

using namespace testing;

constexpr const char* kClient = R"(#include <stdio.h>
typedef struct device* device_t;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory_t;
typedef struct { unsigned pid; unsigned long long memory; unsigned gi, ci; } process_t;
typedef struct { unsigned gpu, memory; } utilization_t;
int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned*);
int nvmlDeviceGetHandleByIndex_v2(unsigned, device_t*);
int nvmlDeviceGetHandleByUUID(const char*, device_t*);
int nvmlDeviceGetUUID(device_t, char*, unsigned);
int nvmlDeviceGetMemoryInfo_v2(device_t, memory_t*);
int nvmlDeviceGetUtilizationRates(device_t, utilization_t*);
int nvmlDeviceGetComputeRunningProcesses_v3(device_t, unsigned*, process_t*);
const char* nvmlErrorString(int);
int main(void) {
  unsigned n = 0, processes = 4;
  char uuid[96], small[4];
  device_t device, again;
  memory_t memory = {.version = sizeof(memory_t) | 2u << 24};
  utilization_t load;
  process_t list[4];
  int code = nvmlDeviceGetCount_v2(&n);
  printf("before init: %d\n", code);
  if ((code = nvmlInit_v2()) != 0) { printf("%s\n", nvmlErrorString(code)); return 1; }
  nvmlDeviceGetCount_v2(&n);
  nvmlDeviceGetHandleByIndex_v2(1, &device);
  printf("beyond the last: %d\n", nvmlDeviceGetHandleByIndex_v2(2, &again));
  printf("no device: %d\n", nvmlDeviceGetUUID((device_t)0x10, uuid, sizeof uuid));
  printf("too small: %d\n", nvmlDeviceGetUUID(device, small, sizeof small));
  nvmlDeviceGetUUID(device, uuid, sizeof uuid);
  nvmlDeviceGetHandleByUUID(uuid, &again);
  printf("same: %d\n", device == again);
  nvmlDeviceGetMemoryInfo_v2(device, &memory);
  nvmlDeviceGetUtilizationRates(device, &load);
  nvmlDeviceGetComputeRunningProcesses_v3(device, &processes, list);
  printf("%u GPUs, used %llu MiB, busy %u %%, %u process, pid %u\n", n, memory.used >> 20,
         load.gpu, processes, list[0].pid);
  memory.version = sizeof(memory_t);
  printf("wrong version: %d\n", nvmlDeviceGetMemoryInfo_v2(device, &memory));
  return nvmlShutdown();
}
)";

/// What a command prints, and its exit code.
std::pair<int, std::string> run(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
    text += buffer.data();
  }
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

TEST(ForeignClient, LinksAndReadsTheSimulatedLibrary) {
  const SimulatedGpus gpus(
      "gpus: [{count: 2, busy_percent: 33, processes: [{pid: 321, memory_mib: 128}]}]\n");
  const Folder folder;
  folder.write("client.c", kClient);
  const std::string library = ORRERY_NVML_SIM_LIBRARY;
  const std::string program = folder / "client";
  const auto [built, complaint] = run("cc -std=c11 -Wall -Werror -o " + program + " " +
                                      (folder / "client.c").string() + " " + library);
  ASSERT_EQ(built, 0) << complaint;
  const std::string where = std::filesystem::path(library).parent_path();
  const auto [code, text] = run("LD_LIBRARY_PATH=" + where + " " + program);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(text,
            "before init: 1\n"
            "beyond the last: 2\n"
            "no device: 2\n"
            "too small: 7\n"
            "same: 1\n"
            "2 GPUs, used 128 MiB, busy 33 %, 1 process, pid 321\n"
            "wrong version: 25\n");
}

}  // namespace
}  // namespace orrery::live::nvml
