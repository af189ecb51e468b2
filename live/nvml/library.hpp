// Library: NVML, loaded at run time. The program neither links it nor needs it to start.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "live/nvml/abi.hpp"

namespace orrery::live::nvml {

inline constexpr const char* kDefaultLibrary = "libnvidia-ml.so.1";

class Library {
 public:
  /// Loads `path`; a bare name is searched for as the dynamic loader does. Throws EnvironmentError,
  /// with what to do, when there is no such library or it lacks what nothing works without (init,
  /// shutdown, count, handle by index).
  static std::shared_ptr<const Library> load(const std::filesystem::path& path = kDefaultLibrary);

  const Functions& functions() const { return functions_; }
  const std::string& path() const { return path_; }
  /// Functions that this library lacks, under their newest names: an older driver.
  const std::vector<std::string>& absent() const { return absent_; }

 private:
  explicit Library(std::string path) : path_(std::move(path)) {}
  void bind(void* handle);

  std::string path_;
  Functions functions_;
  std::vector<std::string> absent_;
};

}  // namespace orrery::live::nvml
