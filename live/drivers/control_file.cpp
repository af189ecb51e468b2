#include "live/drivers/control_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>

#include "actors/error.hpp"

namespace orrery::live {
namespace {

constexpr size_t kMost = 16384;

/// What an operator can do about a refusal, by its reason.
std::string_view remedy(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "run as root, or have the group delegated to this user (systemd: Delegate=yes)";
    case EROFS: return "the cgroup file system is mounted read-only: mount it read-write";
    case ENOENT: return "the group or its controller is gone; see cgroup.controllers";
    case EBUSY: return "the group is in use; free the memory, or move its processes down, first";
    case EINVAL: return "the kernel refuses the value; a group may have no more than its parent";
    case ENODEV: return "the group has been removed";
    default: return "see cgroups(7)";
  }
}

[[noreturn]] void refuse(const std::string& what, const std::filesystem::path& file, int error) {
  throw EnvironmentError(file.string() + ": cannot " + what + ": " + std::strerror(error) +
                         " (errno " + std::to_string(error) + "); " + std::string(remedy(error)));
}

}  // namespace

std::string_view ControlFile::read() {
  if (!reads_) reads_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reads_) refuse("open it for reading", path_, errno);
  text_.resize(kMost);
  const ssize_t got = ::pread(reads_.get(), text_.data(), text_.size(), 0);
  if (got < 0) refuse("read it", path_, errno);
  text_.resize(static_cast<size_t>(got));
  return text_;
}

void ControlFile::write(std::string_view text) {
  if (!writes_) writes_.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  if (writes_ && ::pwrite(writes_.get(), text.data(), text.size(), 0) >= 0) return;
  const int error = errno;
  refuse("write \"" + trimmed(text) + "\"", path_, error);
}

bool is_there(const std::filesystem::path& path) { return ::access(path.c_str(), F_OK) == 0; }

std::optional<int64_t> first_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return INT64_MAX;
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<int64_t> number_of(std::string_view text, std::string_view name) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
      return first_number(line.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return std::nullopt;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace orrery::live
