// The folder of a run record, as the commands that make one keep it.
#pragma once

#include <filesystem>
#include <string>

#include "cli/scenario.hpp"

namespace orrery::cli {

/// The journal's name in a record.
inline constexpr const char* kJournal = "journal";

/// The scenario as it is run, and kept: paths in it count from `folder`, absolute ones stay.
std::string kept_text(Scenario scenario, const std::filesystem::path& folder);

/// Leaves nothing of a run that fails: the recorder removes its own files, this the journal and a
/// folder that was not there before.
class FolderGuard {
 public:
  explicit FolderGuard(std::filesystem::path folder);
  FolderGuard(const FolderGuard&) = delete;
  FolderGuard& operator=(const FolderGuard&) = delete;
  ~FolderGuard();
  void keep() { kept_ = true; }

 private:
  std::filesystem::path folder_;
  bool was_there_;
  bool kept_ = false;
};

}  // namespace orrery::cli
