#include "live/engine/policy.hpp"

#include <algorithm>

namespace orrery::live {
namespace {

bool image_allowed(const EnginePolicy& policy, const std::string& image) {
  return std::any_of(policy.images.begin(), policy.images.end(), [&](const std::string& listed) {
    if (!listed.ends_with('*')) return listed == image;
    return image.starts_with(std::string_view(listed).substr(0, listed.size() - 1));
  });
}

/// `path` without links, "." and ".."; nothing where the file system does not say.
std::optional<std::filesystem::path> resolved(const std::filesystem::path& path) {
  std::error_code failed;
  auto result = std::filesystem::weakly_canonical(path, failed);
  if (failed || !path.is_absolute()) return std::nullopt;
  return result;
}

bool lies_below(const std::filesystem::path& path, const std::filesystem::path& prefix) {
  const auto [end, at] = std::mismatch(prefix.begin(), prefix.end(), path.begin(), path.end());
  // A prefix that ends with a slash has an empty last part.
  return end == prefix.end() || (end->empty() && std::next(end) == prefix.end());
}

bool mount_allowed(const EnginePolicy& policy, const EngineMount& mount) {
  const auto source = resolved(mount.source);
  if (!source) return false;
  return std::any_of(policy.mounts.begin(), policy.mounts.end(), [&](const auto& folder) {
    const auto prefix = resolved(folder.prefix);
    return prefix && lies_below(*source, *prefix) && (mount.read_only || folder.writable);
  });
}

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string refused(const std::string& what, const std::string& add) {
  return what + " is not allowed on this node; its operator can add " + add +
         " to the allow-list of the container engine";
}

}  // namespace

std::optional<std::string> EnginePolicy::refusal(const EngineCreate& wanted) const {
  if (!image_allowed(*this, wanted.image)) {
    return refused("image " + wanted.image, "images: [" + wanted.image + "]");
  }
  for (const EngineMount& mount : wanted.mounts) {
    if (mount_allowed(*this, mount)) continue;
    const std::string access = mount.read_only ? "" : ", writable: true";
    return refused("mount of " + mount.source.string() + (mount.read_only ? "" : " for writing"),
                   "mounts: [{prefix: " + mount.source.string() + access + "}]");
  }
  for (const std::string& capability : wanted.capabilities) {
    if (listed(capabilities, capability)) continue;
    return refused("capability " + capability, "capabilities: [" + capability + "]");
  }
  if (!listed(networks, wanted.network)) {
    return refused("network " + wanted.network, "networks: [" + wanted.network + "]");
  }
  if (wanted.privileged && !privileged) return refused("privileged mode", "privileged: true");
  return std::nullopt;
}

}  // namespace orrery::live
