// The cgroup that this test process may fill: its own, so that two runs do not disturb one another.
#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "live/drivers/cgroup.hpp"

namespace orrery::live {

/// Below the group of this process. A child that was forked after the first call has it as well.
inline const std::string& group_of_tests() {
  static const std::string name = "orrery-test-" + std::to_string(::getpid());
  return name;
}

/// Removes it and all groups in it that have no processes.
inline void remove_group_of_tests() {
  for (const auto& directory : CgroupSystem().own_place().child(group_of_tests()).directories()) {
    std::error_code ignored;
    std::vector<std::filesystem::path> all{directory};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, ignored)) {
      if (entry.is_directory(ignored)) all.push_back(entry.path());
    }
    for (auto group = all.rbegin(); group != all.rend(); ++group) ::rmdir(group->c_str());
  }
}

}  // namespace orrery::live
