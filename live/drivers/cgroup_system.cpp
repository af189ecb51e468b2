// Where groups are, how they are made and how they go.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

#include "actors/error.hpp"
#include "live/drivers/cgroup.hpp"

namespace orrery::live {
namespace fs = std::filesystem;

namespace {

/// What a container needs of version 1, in the order in which it is told.
constexpr const char* kControllers[] = {"cpu", "cpuacct", "cpuset", "memory", "freezer", "pids"};

bool is_controller(const std::string& word) {
  return std::find(std::begin(kControllers), std::end(kControllers), word) !=
         std::end(kControllers);
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  return parts;
}

/// mountinfo writes blanks, tabs, line ends and backslashes as \ooo.
std::string unescaped(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      const int code = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      result += static_cast<char>(code);
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// `path` below the group that is mounted; nothing where it lies elsewhere.
std::optional<std::string> below(const std::string& path, const std::string& root) {
  // A process outside of this one's cgroup namespace is shown as "/..".
  if (path.starts_with("/..")) return std::nullopt;
  if (root == "/") return path;
  if (path == root) return "/";
  if (path.starts_with(root + "/")) return path.substr(root.size());
  return std::nullopt;
}

fs::path joined(const fs::path& point, const std::string& path) {
  return path == "/" ? point : point / path.substr(1);
}

std::string read_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

bool has_word(const fs::path& file, const std::string& word) {
  const auto words = split(read_line(file), ' ');
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A group of version 1 starts without processors and memory nodes: it gets those of the group
/// above, or nothing could be put into it. That one may be empty as well, where who made it was
/// killed over it.
void fill_cpuset(const fs::path& directory) {
  for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
    if (!is_there(directory / name) || !read_line(directory / name).empty()) continue;
    fill_cpuset(directory.parent_path());
    ControlFile(directory / name).write(read_line(directory.parent_path() / name));
  }
}

/// Lets the groups below `directory` have those controllers of version 2 that it has itself.
void pass_down(const fs::path& directory) {
  for (const char* controller : {"cpu", "cpuset", "memory", "pids"}) {
    if (!has_word(directory / "cgroup.controllers", controller)) continue;
    if (has_word(directory / "cgroup.subtree_control", controller)) continue;
    ControlFile(directory / "cgroup.subtree_control").write("+" + std::string(controller));
  }
}

/// Makes one directory and those above it. In version 2 a group that can't have its controllers is
/// made all the same: it still freezes and kills.
void make_directory(const fs::path& directory, bool unified, std::vector<std::string>& refused) {
  const fs::path above = directory.parent_path();
  if (!is_there(above)) make_directory(above, unified, refused);
  const bool top = !is_there(above / "cgroup.procs");
  try {
    if (unified && !top) pass_down(above);
  } catch (const EnvironmentError& error) {
    refused.push_back(error.what());
  }
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    const int error = errno;
    throw EnvironmentError(directory.string() + ": cannot make the group: " + std::strerror(error) +
                           " (errno " + std::to_string(error) +
                           "); run as root, or have a group delegated to this user and name it "
                           "as the parent (systemd: Delegate=yes)");
  }
  if (!unified && !top) fill_cpuset(directory);
}

}  // namespace

CgroupPlace CgroupPlace::child(const std::string& name) const {
  CgroupPlace result;
  for (const auto& [controller, directory] : v1) result.v1[controller] = directory / name;
  if (!unified.empty()) result.unified = unified / name;
  return result;
}

std::vector<fs::path> CgroupPlace::directories() const {
  std::vector<fs::path> all;
  for (const auto& [controller, directory] : v1) all.push_back(directory);
  if (!unified.empty()) all.push_back(unified);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

fs::path CgroupPlace::with(const std::string& controller) const {
  const auto found = v1.find(controller);
  if (found != v1.end()) return found->second;
  if (!unified.empty() && has_word(unified / "cgroup.controllers", controller)) return unified;
  return {};
}

fs::path CgroupPlace::freeze_file() const {
  // Rather version 2's: what it has frozen can be killed.
  if (!unified.empty() && is_there(unified / "cgroup.freeze")) return unified / "cgroup.freeze";
  const auto found = v1.find("freezer");
  return found == v1.end() ? fs::path() : found->second / "freezer.state";
}

fs::path CgroupPlace::kill_file() const {
  if (!unified.empty() && is_there(unified / "cgroup.kill")) return unified / "cgroup.kill";
  return {};
}

CgroupSystem::CgroupSystem(fs::path proc) : proc_(std::move(proc)) {
  // proc(5): id parent device ROOT POINT options [tags...] - TYPE source SUPER-OPTIONS
  std::ifstream in(proc_ / "self" / "mountinfo");
  for (std::string line; std::getline(in, line);) {
    const auto words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    Mount mount{{}, unescaped(words[3]), unescaped(words[4])};
    if (dash[1] == "cgroup") {
      for (const std::string& option : split(dash[3], ',')) {
        if (is_controller(option)) mount.controllers.push_back(option);
      }
      if (!mount.controllers.empty()) mounts_.push_back(mount);
    } else if (dash[1] == "cgroup2") {
      mounts_.push_back(mount);
    }
  }
}

CgroupVersion CgroupSystem::version() const {
  bool v1 = false;
  bool v2 = false;
  for (const Mount& mount : mounts_) (mount.controllers.empty() ? v2 : v1) = true;
  if (v1) return v2 ? CgroupVersion::kHybrid : CgroupVersion::kV1;
  return v2 ? CgroupVersion::kV2 : CgroupVersion::kNone;
}

CgroupPlace CgroupSystem::place_of(pid_t pid) const {
  return read_place(proc_ / std::to_string(pid) / "cgroup");
}

CgroupPlace CgroupSystem::own_place() const { return read_place(proc_ / "self" / "cgroup"); }

CgroupPlace CgroupSystem::top_place() const {
  CgroupPlace place;
  for (const Mount& mount : mounts_) {
    if (mount.controllers.empty() && place.unified.empty()) place.unified = mount.point;
    for (const std::string& controller : mount.controllers) {
      place.v1.try_emplace(controller, mount.point);
    }
  }
  return place;
}

CgroupPlace CgroupSystem::read_place(const fs::path& file) const {
  std::ifstream in(file);
  if (!in) {
    throw EnvironmentError(file.string() + ": cannot open it: " + std::strerror(errno) +
                           "; the process has ended, or it is hidden from this one");
  }
  CgroupPlace place;
  // cgroups(7): id:controller,controller:path; version 2 is 0::path.
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
    const std::string path = line.substr(second + 1);
    for (const Mount& mount : mounts_) {
      const auto found = below(path, mount.root);
      if (!found) continue;
      if (controllers.empty() && mount.controllers.empty() && place.unified.empty()) {
        place.unified = joined(mount.point, *found);
      }
      for (const std::string& controller : mount.controllers) {
        if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end()) {
          continue;
        }
        place.v1.try_emplace(controller, joined(mount.point, *found));
      }
    }
  }
  return place;
}

CgroupPlace make_cgroup(const CgroupPlace& wanted, std::vector<std::string>& refused) {
  CgroupPlace made;
  for (const auto& [controller, directory] : wanted.v1) {
    try {
      make_directory(directory, false, refused);
      made.v1[controller] = directory;
    } catch (const EnvironmentError& error) {
      refused.push_back(error.what());
    }
  }
  if (wanted.unified.empty()) return made;
  try {
    make_directory(wanted.unified, true, refused);
    made.unified = wanted.unified;
  } catch (const EnvironmentError& error) {
    refused.push_back(error.what());
  }
  return made;
}

bool remove_cgroup(const CgroupPlace& place) {
  bool gone = true;
  for (const fs::path& directory : place.directories()) {
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) gone = false;
  }
  return gone;
}

}  // namespace orrery::live
