#include "live/nvml/container_of.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace orrery::live::nvml {

namespace {

constexpr size_t kIdDigits = 64;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// The id in one component of a path, "" where it has none: "docker-ID.scope", "libpod-ID", "ID".
std::string_view id_in(std::string_view component) {
  if (component.ends_with(".scope")) component.remove_suffix(6);
  // Podman's helper conmon has a scope of its own beside the container's.
  if (component.find("conmon-") != std::string_view::npos) return {};
  if (component.size() < kIdDigits) return {};
  const std::string_view id = component.substr(component.size() - kIdDigits);
  const std::string_view before = component.substr(0, component.size() - kIdDigits);
  if (!std::all_of(id.begin(), id.end(), is_hex)) return {};
  return before.empty() || before.back() == '-' ? id : std::string_view{};
}

std::string_view innermost_id(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view component =
        slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (const std::string_view id = id_in(component); !id.empty()) return id;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  }
  return {};
}

}  // namespace

std::string container_id_in(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // "4:memory:/docker/ID": v1 has a line a controller, v2 the one line "0::PATH".
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    if (const auto id = innermost_id(line.substr(second + 1)); !id.empty()) return std::string(id);
  }
  return {};
}

std::string container_id_of(uint32_t pid, const std::filesystem::path& proc) {
  std::ifstream file(proc / std::to_string(pid) / "cgroup");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return container_id_in(text);
}

}  // namespace orrery::live::nvml
