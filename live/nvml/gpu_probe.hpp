// What a GPU can do, measured: the figures that a speed model needs. Done by a library of its own
// (cuda/), built where CUDA is found and loaded on request; the program never needs CUDA to start.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "live/nvml/cuda/interface.hpp"

namespace orrery::live {

inline constexpr const char* kCudaLibrary = "liborrery-cuda.so";

/// Where the library of this build lies: beside the program that runs.
std::filesystem::path cuda_library_beside_program();

/// Measures a GPU (CUDA's number of it); takes seconds, and the GPU should be idle. Throws
/// EnvironmentError, with what to do, when there is no such library, no GPU or no driver, and when
/// it has not answered by the deadline.
OrreryCudaFigures measure_gpu(const std::filesystem::path& library, int device,
                              std::chrono::milliseconds deadline);

/// The figures as a YAML document: bytes and operations a second, seconds.
std::string profile_yaml(const OrreryCudaFigures& figures);

}  // namespace orrery::live
