// The groups of the containers of one run: PARENT/RUN/KEY in each tree that lets it.
#pragma once

#include <string>
#include <vector>

#include "live/drivers/cgroup.hpp"
#include "live/drivers/driver.hpp"

namespace orrery::live {

class RunCgroups {
 public:
  /// `parent` as in ProcessDriverConfig. Makes nothing yet. Throws EnvironmentError where /proc
  /// can't be read.
  RunCgroups(const std::string& parent, const std::string& run);

  /// Makes the group of the run; returns what is refused, in words.
  std::vector<std::string> prepare() const;
  CgroupPlace make(const ContainerKey& key, std::vector<std::string>& refused) const;
  /// Removes the groups of containers that are not among these.
  void tidy(const std::vector<ContainerKey>& keys) const;
  /// Removes the group of the run, if there is none in it.
  void remove() const;

 private:
  CgroupPlace run_;
};

/// Waits for the last processes of a group to be gone, and removes it. False where some stay.
bool leave_cgroup(const CgroupPlace& place);
/// Kills all of a group until none is left; false where some are left after five seconds.
bool kill_cgroup(const CgroupPlace& place);

/// A place as tagged strings in the order of a container: for the keeper, and to be read back.
std::string order_text(const CgroupPlace& place);
CgroupPlace place_in_order(const std::string& order);

}  // namespace orrery::live
