// EnginePolicy: what containers may be given. Everything is refused unless it is listed.
//
// Whoever can name an image, a folder to mount or a capability can become root on the node, so the
// node's operator says what may be named, in the agent's configuration and not in a job.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "live/engine/client.hpp"

namespace orrery::live {

struct EnginePolicy {
  struct Folder {
    std::filesystem::path prefix;  ///< on the host: it and everything below
    bool writable = false;
  };

  std::vector<std::string> images;  ///< "name:tag", or a prefix that ends in "*"
  std::vector<Folder> mounts;
  std::vector<std::string> capabilities;  ///< "SYS_PTRACE"
  std::vector<std::string> networks{"none"};
  bool privileged = false;

  /// Why `wanted` must not be created and what would have to be added to the policy; nothing where
  /// it may.
  std::optional<std::string> refusal(const EngineCreate& wanted) const;
};

}  // namespace orrery::live
