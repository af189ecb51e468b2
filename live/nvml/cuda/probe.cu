// Measures what a speed model needs to know of a GPU: copies, matrix products, and whether small
// kernels overlap. Built by nvcc into a library of its own, which orrery loads on request.
#include <cublas_v2.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

#include "live/nvml/cuda/interface.hpp"

namespace {

constexpr int kRepetitions = 5;
constexpr size_t kHostBytes = size_t{256} << 20;    // several times any cache on the way
constexpr size_t kDeviceBytes = size_t{1} << 30;    // several times the L2
constexpr int kSmall = 4096;                        // rows of the fp32 matrices
constexpr int kLarge = 8192;                        // rows of the others, to fill the tensor cores
constexpr int kKernels = 16;                        // small kernels in a row
constexpr long long kSpinCycles = 2'000'000;        // of each, about a millisecond

void check(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(code));
}
void check(cublasStatus_t code, const char* what) {
  if (code == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error(std::string(what) + ": " + cublasGetStatusString(code));
}

// Random numbers in [-0.5, 0.5): products of zeros draw less power and run faster than real ones.
__global__ void fill_random(float* to32, __half* to16, size_t count) {
  const size_t step = size_t{gridDim.x} * blockDim.x;
  for (size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    unsigned x = static_cast<unsigned>(i) * 2654435761U + 12345U;
    x ^= x >> 16U;
    x *= 2246822519U;
    x ^= x >> 13U;
    const float value = static_cast<float>(x) / 4294967296.0F - 0.5F;
    if (to32 != nullptr) to32[i] = value;
    if (to16 != nullptr) to16[i] = __float2half(value);
  }
}

__global__ void spin(long long cycles) {
  const long long begin = clock64();
  while (clock64() - begin < cycles) {
  }
}

class DeviceMemory {
 public:
  explicit DeviceMemory(size_t bytes) { check(cudaMalloc(&at_, bytes), "cudaMalloc"); }
  ~DeviceMemory() { cudaFree(at_); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  template <class T>
  T* as() const {
    return static_cast<T*>(at_);
  }

 private:
  void* at_ = nullptr;
};

class PinnedMemory {
 public:
  explicit PinnedMemory(size_t bytes) { check(cudaMallocHost(&at_, bytes), "cudaMallocHost"); }
  ~PinnedMemory() { cudaFreeHost(at_); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;
  void* get() const { return at_; }

 private:
  void* at_ = nullptr;
};

// The shortest time of several runs of `work` on the default stream, in seconds; the first run warms
// up and does not count.
double best_seconds(const std::function<void()>& work) {
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  work();
  float best = 1e30F;
  for (int i = 0; i < kRepetitions; ++i) {
    check(cudaEventRecord(begin), "cudaEventRecord");
    work();
    check(cudaEventRecord(end), "cudaEventRecord");
    check(cudaEventSynchronize(end), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    best = std::min(best, milliseconds);
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return best / 1e3;
}

void measure_copies(OrreryCudaFigures& figures) {
  const PinnedMemory host(kHostBytes);
  const DeviceMemory from(kDeviceBytes);
  const DeviceMemory to(kDeviceBytes);
  auto rate = [](void* target, const void* source, size_t bytes, cudaMemcpyKind kind) {
    return static_cast<double>(bytes) / best_seconds([&] {
             check(cudaMemcpyAsync(target, source, bytes, kind), "cudaMemcpyAsync");
           });
  };
  figures.host_to_device = rate(from.as<void>(), host.get(), kHostBytes, cudaMemcpyHostToDevice);
  figures.device_to_host = rate(host.get(), from.as<void>(), kHostBytes, cudaMemcpyDeviceToHost);
  figures.device_to_device =
      rate(to.as<void>(), from.as<void>(), kDeviceBytes, cudaMemcpyDeviceToDevice);
}

// Operations a second of n x n matrix products: 2 n^3 each.
double product_rate(cublasHandle_t blas, int n, const void* a, const void* b, void* c,
                    cudaDataType type, cublasComputeType_t compute) {
  const float one = 1;
  const float zero = 0;
  const double seconds = best_seconds([&] {
    check(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, a, type, n, b, type, n, &zero,
                       c, type, n, compute, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  });
  return 2.0 * n * n * n / seconds;
}

void measure_products(OrreryCudaFigures& figures) {
  cublasHandle_t blas = nullptr;
  check(cublasCreate(&blas), "cublasCreate");
  const size_t count = size_t{kLarge} * kLarge;
  const DeviceMemory a(count * sizeof(float));
  const DeviceMemory b(count * sizeof(float));
  const DeviceMemory c(count * sizeof(float));
  fill_random<<<1024, 256>>>(a.as<float>(), nullptr, count);
  fill_random<<<1024, 256>>>(b.as<float>(), nullptr, count);
  figures.matrix_fp32 = product_rate(blas, kSmall, a.as<void>(), b.as<void>(), c.as<void>(),
                                     CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC);
  if (figures.capability >= 80) {
    figures.matrix_tf32 = product_rate(blas, kLarge, a.as<void>(), b.as<void>(), c.as<void>(),
                                       CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32);
  }
  fill_random<<<1024, 256>>>(nullptr, a.as<__half>(), count);
  fill_random<<<1024, 256>>>(nullptr, b.as<__half>(), count);
  figures.matrix_fp16 = product_rate(blas, kLarge, a.as<void>(), b.as<void>(), c.as<void>(),
                                     CUDA_R_16F, CUBLAS_COMPUTE_32F);
  cublasDestroy(blas);
}

// Kernels of one block leave room for others beside them, if the GPU runs several at a time.
void measure_concurrency(OrreryCudaFigures& figures) {
  cudaStream_t streams[2] = {};
  for (cudaStream_t& stream : streams) check(cudaStreamCreate(&stream), "cudaStreamCreate");
  auto seconds_over = [&](int used) {
    return best_seconds([&] {
      for (int i = 0; i < kKernels; ++i) spin<<<1, 32, 0, streams[i % used]>>>(kSpinCycles);
    });
  };
  figures.one_stream_seconds = seconds_over(1);
  figures.two_streams_seconds = seconds_over(2);
  for (cudaStream_t stream : streams) cudaStreamDestroy(stream);
}

void describe(int device, OrreryCudaFigures& figures) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  std::snprintf(figures.name, sizeof(figures.name), "%s", properties.name);
  const auto* id = reinterpret_cast<const unsigned char*>(properties.uuid.bytes);
  std::snprintf(figures.uuid, sizeof(figures.uuid),
                "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0],
                id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11],
                id[12], id[13], id[14], id[15]);
  figures.capability = properties.major * 10 + properties.minor;
  figures.multiprocessors = properties.multiProcessorCount;
  figures.memory_bytes = properties.totalGlobalMem;
  check(cudaDriverGetVersion(&figures.driver_version), "cudaDriverGetVersion");
}

}  // namespace

extern "C" int orrery_cuda_measure(int device, OrreryCudaFigures* figures, char* error,
                                   size_t error_bytes) {
  try {
    *figures = OrreryCudaFigures{};
    check(cudaSetDevice(device), "cudaSetDevice");
    describe(device, *figures);
    measure_copies(*figures);
    measure_products(*figures);
    measure_concurrency(*figures);
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    return 0;
  } catch (const std::exception& e) {
    std::snprintf(error, error_bytes, "%s", e.what());
    return 1;
  }
}
