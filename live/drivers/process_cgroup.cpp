#include "live/drivers/process_cgroup.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "actors/error.hpp"
#include "live/drivers/process_record.hpp"

namespace orrery::live {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kUnified = "unified";

/// Asks again and again, at first soon: what it waits for takes microseconds, as a rule.
template <typename Done>
bool wait_until(std::chrono::milliseconds patience, const Done& done) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::chrono::microseconds nap(50);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(nap);
    nap = std::min<std::chrono::microseconds>(2 * nap, std::chrono::milliseconds(5));
  }
  return true;
}

CgroupPlace parent_place(const std::string& parent) {
  const CgroupSystem system;
  CgroupPlace place = parent.starts_with('/') ? system.top_place() : system.own_place();
  for (const fs::path& part : fs::path(parent).relative_path()) {
    if (!part.empty()) place = place.child(part.string());
  }
  return place;
}

}  // namespace

RunCgroups::RunCgroups(const std::string& parent, const std::string& run)
    : run_(parent_place(parent).child(run)) {}

std::vector<std::string> RunCgroups::prepare() const {
  std::vector<std::string> refused;
  if (run_.directories().empty()) {
    refused.push_back(
        "no cgroups are mounted; mount version 2: mount -t cgroup2 none "
        "/sys/fs/cgroup");
  }
  make_cgroup(run_, refused);
  return refused;
}

CgroupPlace RunCgroups::make(const ContainerKey& key, std::vector<std::string>& refused) const {
  return make_cgroup(run_.child(text_of(key)), refused);
}

void RunCgroups::tidy(const std::vector<ContainerKey>& keys) const {
  for (const fs::path& directory : run_.directories()) {
    std::error_code ignored;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
      const auto key = key_of(entry.path().filename().string());
      if (key && !std::binary_search(keys.begin(), keys.end(), *key)) stale.push_back(entry.path());
    }
    // A group with processes stays, whatever it is.
    for (const fs::path& group : stale) ::rmdir(group.c_str());
  }
}

void RunCgroups::remove() const { remove_cgroup(run_); }

bool leave_cgroup(const CgroupPlace& place) {
  return wait_until(std::chrono::milliseconds(100), [&] { return remove_cgroup(place); });
}

bool kill_cgroup(const CgroupPlace& place) {
  Cgroup group(place);
  return wait_until(std::chrono::seconds(5), [&] {
    try {
      group.kill();
      if (!place.freeze_file().empty()) group.set_frozen(false);
      return group.processes().empty();
    } catch (const EnvironmentError&) {
      return true;  // the group is gone
    }
  });
}

std::string order_text(const CgroupPlace& place) {
  std::string text;
  const auto add = [&](char tag, const std::string& value) { text += tag + value + '\0'; };
  for (const auto& [controller, directory] : place.v1) {
    add('c', controller + " " + directory.string());
  }
  if (!place.unified.empty()) add('c', std::string(kUnified) + " " + place.unified.string());
  for (const fs::path& directory : place.directories()) {
    add('g', (directory / "cgroup.procs").string());
  }
  if (const fs::path file = place.freeze_file(); !file.empty()) add('f', file.string());
  if (const fs::path file = place.kill_file(); !file.empty()) add('k', file.string());
  return text;
}

CgroupPlace place_in_order(const std::string& order) {
  CgroupPlace place;
  for (size_t at = 0; at < order.size();) {
    const size_t end = std::min(order.find('\0', at), order.size());
    const std::string word = order.substr(at, end - at);
    at = end + 1;
    const size_t blank = word.find(' ');
    if (!word.starts_with('c') || blank == std::string::npos) continue;
    const std::string controller = word.substr(1, blank - 1);
    (controller == kUnified ? place.unified : place.v1[controller]) = word.substr(blank + 1);
  }
  return place;
}

}  // namespace orrery::live
