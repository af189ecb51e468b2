#include "live/nvml/gpu_probe.hpp"

#include <array>
#include <charconv>
#include <dlfcn.h>

#include "actors/error.hpp"
#include "live/nvml/call_thread.hpp"

namespace orrery::live {

namespace {

struct Measured {
  int code = 1;
  OrreryCudaFigures figures{};
  std::array<char, 512> error{};
};

/// As plain digits, in every locale alike: seconds with six decimals, rates with none.
std::string number(double value) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, value < 1e6 ? 6 : 0);
  return {text.begin(), end.ptr};
}

std::string line(const std::string& key, const std::string& value) {
  return key + ": " + value + "\n";
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

std::filesystem::path cuda_library_beside_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / kCudaLibrary;
}

OrreryCudaFigures measure_gpu(const std::filesystem::path& library, int device,
                              std::chrono::milliseconds deadline) {
  // Never closed: the CUDA driver keeps threads of its own.
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  auto* measure = handle == nullptr
                      ? nullptr
                      : reinterpret_cast<OrreryCudaMeasure>(dlsym(handle, "orrery_cuda_measure"));
  if (measure == nullptr) {
    const char* why = dlerror();
    throw EnvironmentError("expected Orrery's CUDA library " + library.string() + ", found none (" +
                           (why == nullptr ? "no reason given" : why) +
                           "); build where nvcc and cuBLAS are, with -DORRERY_CUDA=ON");
  }
  nvml::CallThread thread;
  nvml::CallThread::End end{};
  const auto measured = thread.ask<Measured>(
      [measure, device] {
        Measured now;
        now.code = measure(device, &now.figures, now.error.data(), now.error.size());
        return now;
      },
      deadline, end);
  if (!measured) {
    throw EnvironmentError("the GPU has not answered within " +
                           std::to_string(deadline.count() / 1000) +
                           " s; look at it with orrery gpus");
  }
  if (measured->code != 0) {
    throw EnvironmentError("GPU " + std::to_string(device) + " can't be measured: " +
                           measured->error.data() + "; look at it with orrery gpus");
  }
  return measured->figures;
}

std::string profile_yaml(const OrreryCudaFigures& f) {
  std::string text =
      "# A GPU as measured by orrery probe gpu; the best of several repetitions each.\n";
  text += line("gpu", in_quotes(f.name)) + line("uuid", f.uuid);
  text += line("cuda_driver", in_quotes(version_text(f.driver_version)));
  text += line("compute_capability", in_quotes(std::to_string(f.capability / 10) + "." +
                                               std::to_string(f.capability % 10)));
  text += line("multiprocessors", std::to_string(f.multiprocessors));
  text += line("memory_bytes", std::to_string(f.memory_bytes));
  text += "copy_bytes_per_second:  # host memory is pinned\n";
  text += line("  host_to_device", number(f.host_to_device));
  text += line("  device_to_host", number(f.device_to_host));
  text += line("  device_to_device", number(f.device_to_device));
  text += "matrix_operations_per_second:  # of cuBLAS, on random numbers\n";
  text += line("  fp32", number(f.matrix_fp32));
  if (f.matrix_tf32 > 0) text += line("  tf32", number(f.matrix_tf32));
  text += line("  fp16", number(f.matrix_fp16));
  text += "small_kernels_seconds:  # half the time in two streams: they overlap fully\n";
  text += line("  one_stream", number(f.one_stream_seconds));
  text += line("  two_streams", number(f.two_streams_seconds));
  return text;
}

}  // namespace orrery::live
