// The one call between orrery and its optional CUDA library: plain C types, so that either side may
// be built by another compiler, and the program starts without CUDA.
#pragma once

#include <cstddef>

extern "C" {

/// What orrery_cuda_measure() fills in. Rates are those of the best of several repetitions.
struct OrreryCudaFigures {
  char name[256];      ///< of the product
  char uuid[64];       ///< as NVML tells it: "GPU-..."
  int driver_version;  ///< the newest CUDA that the driver runs: 13000 for 13.0
  int capability;      ///< compute capability: 90 for 9.0
  int multiprocessors;
  unsigned long long memory_bytes;
  double host_to_device;       ///< bytes a second, from pinned memory
  double device_to_host;       ///< bytes a second, to pinned memory
  double device_to_device;     ///< bytes copied a second; each is read and written once
  double matrix_fp32;          ///< floating-point operations a second
  double matrix_tf32;          ///< likewise; 0 where the GPU has none
  double matrix_fp16;          ///< likewise, summed in fp32
  double one_stream_seconds;   ///< for small kernels one after another
  double two_streams_seconds;  ///< for as many, half of them in each of two streams
};

/// Measures GPU `device`, in a few seconds. 0: done. Otherwise `error` holds why not, as text.
using OrreryCudaMeasure = int (*)(int device, OrreryCudaFigures* figures, char* error,
                                  size_t error_bytes);
int orrery_cuda_measure(int device, OrreryCudaFigures* figures, char* error, size_t error_bytes);
}
