// StateFolder: where a controller or an agent keeps what must outlive it. One process at a time.
#pragma once

#include <filesystem>
#include <string>

namespace orrery::cli {

class StateFolder {
 public:
  /// Makes the folder (mode 0700) and locks it. Throws EnvironmentError when another process has
  /// it, or when it can't be made.
  explicit StateFolder(std::filesystem::path folder);
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  ~StateFolder();

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  const std::filesystem::path& path() const { return folder_; }

  /// The file's text; empty when it is not there.
  std::string read(const std::string& name) const;
  /// Replaces the file as a whole and durably: after a crash it is the old one or the new one.
  void write(const std::string& name, const std::string& text) const;
  /// Makes the names of new files durable.
  void sync() const;

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
};

}  // namespace orrery::cli
