// `orrery probe gpu` with and without a library that measures.
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <yaml-cpp/yaml.h>

#include "actors/error.hpp"
#include "live/nvml/gpu_probe.hpp"
#include "tests/nvml/support.hpp"

namespace orrery::live {
namespace {

using namespace nvml::testing;

// The figures in the order of OrreryCudaFigures, as a C compiler lays them out.
constexpr const char* kFake = R"(#include <stdio.h>
#include <string.h>
#include <unistd.h>
struct figures { char name[256], uuid[64]; int driver, capability, multiprocessors;
  unsigned long long memory; double rates[8]; };
int orrery_cuda_measure(int device, struct figures* f, char* error, size_t size) {
  if (device == 1) { snprintf(error, size, "cudaSetDevice: no CUDA-capable device"); return 1; }
  if (device == 2) pause();
  memset(f, 0, sizeof *f);
  strcpy(f->name, "Fake GPU"); strcpy(f->uuid, "GPU-1");
  f->driver = 13000; f->capability = 90; f->multiprocessors = 132; f->memory = 1ull << 36;
  for (int i = 0; i < 6; ++i) f->rates[i] = (i + 1) * 1e12;
  f->rates[6] = 0.016; f->rates[7] = 0.008;
  return 0;
}
)";

class GpuProbe : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("fake.c", kFake);
    library_ = (folder_ / "fake.so").string();
    const std::string build =
        "cc -shared -fPIC -o " + library_ + " " + (folder_ / "fake.c").string();
    ASSERT_EQ(std::system(build.c_str()), 0);
  }

  Folder folder_;
  std::string library_;
};

TEST_F(GpuProbe, WritesAProfileWithAllFigures) {
  const std::string out = folder_ / "profile.yaml";
  const std::string command =
      std::string("'") + ORRERY_BINARY + "' probe gpu --library " + library_ + " --out " + out;
  ASSERT_EQ(std::system(command.c_str()), 0);
  const YAML::Node profile = YAML::LoadFile(out);
  EXPECT_EQ(profile["gpu"].as<std::string>(), "Fake GPU");
  EXPECT_EQ(profile["cuda_driver"].as<std::string>(), "13.0");
  EXPECT_EQ(profile["compute_capability"].as<std::string>(), "9.0");
  EXPECT_EQ(profile["memory_bytes"].as<uint64_t>(), uint64_t{1} << 36U);
  EXPECT_EQ(profile["copy_bytes_per_second"]["host_to_device"].as<double>(), 1e12);
  EXPECT_EQ(profile["copy_bytes_per_second"]["device_to_device"].as<double>(), 3e12);
  EXPECT_EQ(profile["matrix_operations_per_second"]["fp32"].as<double>(), 4e12);
  EXPECT_EQ(profile["matrix_operations_per_second"]["tf32"].as<double>(), 5e12);
  EXPECT_EQ(profile["matrix_operations_per_second"]["fp16"].as<double>(), 6e12);
  EXPECT_EQ(profile["small_kernels_seconds"]["two_streams"].as<double>(), 0.008);
}

TEST_F(GpuProbe, SaysWhatTheGpuSaysAndWhenItSaysNothing) {
  auto error = [&](int device, milliseconds deadline) {
    try {
      measure_gpu(library_, device, deadline);
    } catch (const EnvironmentError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(error(1, kPatient).find("no CUDA-capable device"), std::string::npos);
  EXPECT_NE(error(2, milliseconds(100)).find("has not answered"), std::string::npos);
}

TEST(GpuProbeVerb, WithoutTheLibraryEndsWithThreeAndSaysHowToGetIt) {
  const Folder folder;
  const std::string err = folder / "err";
  const std::string command =
      std::string("'") + ORRERY_BINARY + "' probe gpu --library libno-such-orrery.so 2>" + err;
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
  std::ifstream file(err);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(text.find("-DORRERY_CUDA=ON"), std::string::npos) << text;
}

}  // namespace
}  // namespace orrery::live
