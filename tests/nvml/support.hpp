// What the tests of NVML share: private folders, simulated GPUs, conditions to wait for.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <unistd.h>

#include "live/nvml/nvml.hpp"

namespace orrery::live::nvml::testing {

using std::chrono::milliseconds;

/// Long enough for any call of a library that is not sick, on a machine that is busy.
inline constexpr milliseconds kPatient{20'000};

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("orrery-nvml-" + std::to_string(getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  /// Replaces a file in one step, as an editor does.
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path fresh = path_ / (name + ".new");
    std::ofstream(fresh) << text;
    std::filesystem::rename(fresh, path_ / name);
  }

 private:
  std::filesystem::path path_;
};

/// Simulated GPUs: the environment names their description while this lives.
class SimulatedGpus {
 public:
  explicit SimulatedGpus(const std::string& yaml) {
    folder_.write("gpus.yaml", "control: control.yaml\n" + yaml);
    setenv("ORRERY_NVML_SIM", (folder_ / "gpus.yaml").c_str(), 1);
  }
  ~SimulatedGpus() { unsetenv("ORRERY_NVML_SIM"); }
  SimulatedGpus(const SimulatedGpus&) = delete;
  SimulatedGpus& operator=(const SimulatedGpus&) = delete;

  void describe(const std::string& yaml) const {
    folder_.write("gpus.yaml", "control: control.yaml\n" + yaml);
  }
  /// Puts these faults in the place of those that were there.
  void faults(const std::string& yaml) const { folder_.write("control.yaml", yaml); }
  const Folder& folder() const { return folder_; }

 private:
  Folder folder_;
};

inline Nvml::Options simulated(milliseconds deadline = kPatient) {
  return {ORRERY_NVML_SIM_LIBRARY, deadline};
}
inline Nvml::Options simulated_old() { return {ORRERY_NVML_SIM_OLD_LIBRARY, kPatient}; }

/// True as soon as `condition` holds; false if it never does.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatient;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

inline constexpr uint64_t kMib = 1 << 20;

}  // namespace orrery::live::nvml::testing
