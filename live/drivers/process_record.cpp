#include "live/drivers/process_record.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

#include "actors/error.hpp"

namespace orrery::live {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& what, const fs::path& file, int error) {
  throw EnvironmentError("process driver: cannot " + what + " " + file.string() + ": " +
                         std::strerror(error) + "; give it a folder on a local disk with room, " +
                         "owned by this user (key `state` of the driver)");
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse("make the folder", folder, error.value());
}

void write_whole(const fs::path& file, std::string_view text) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) refuse("write", file, errno);
  while (!text.empty()) {
    const ssize_t done = ::write(fd.get(), text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) refuse("write", file, errno);
    text.remove_prefix(static_cast<size_t>(done));
  }
}

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

std::string text_of(const ContainerKey& key) {
  return std::to_string(key.job.index) + "." + std::to_string(key.epoch) + "." +
         std::to_string(key.part);
}

std::optional<ContainerKey> key_of(std::string_view text) {
  ContainerKey key;
  std::array<uint32_t*, 3> numbers{&key.job.index, &key.epoch, &key.part};
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    if (text.starts_with(' ') || !take_number(text, *numbers[i])) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return key;
}

std::optional<StatusLine> parse_status(std::string_view line) {
  using Kind = StatusLine::Kind;
  const size_t blank = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, blank);
  std::string_view rest = line.substr(blank);
  StatusLine result;
  if (word == "starting" || word == "started") {
    result.kind = word == "started" ? Kind::kStarted : Kind::kStarting;
    if (!take_number(rest, result.pid) || !take_number(rest, result.start_time)) return {};
  } else if (word == "exited") {
    result.kind = Kind::kExited;
    int asked = 0;
    if (!take_number(rest, result.exit_code) || !take_number(rest, result.signal) ||
        !take_number(rest, asked)) {
      return {};
    }
    result.asked = asked != 0;
  } else if (word == "suspended") {
    result.kind = Kind::kSuspended;
  } else if (word == "lost") {
    result.kind = Kind::kLost;
  } else if (word == "trouble" || word == "cannot") {
    result.kind = word == "cannot" ? Kind::kCannot : Kind::kTrouble;
    result.text = rest.empty() ? std::string() : std::string(rest.substr(1));
  } else {
    return {};
  }
  return result;
}

std::string read_text(const fs::path& file) {
  std::string text;
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return text;
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  while ((got = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  return text;
}

RunFolder::RunFolder(fs::path folder) : folder_(std::move(folder)) {
  make_folder(folder_ / "containers");
  make_folder(folder_ / "status");
}

fs::path RunFolder::container(const ContainerKey& key) const {
  return folder_ / "containers" / text_of(key);
}

fs::path RunFolder::status(const ContainerKey& key) const {
  return folder_ / "status" / text_of(key);
}

UniqueFd RunFolder::own() const {
  const fs::path file = folder_ / "owner";
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) refuse("open", file, errno);
  // A killed owner may have been about to become two: the child that was to be a keeper has the
  // lock as well until it executes the keeper's program.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (true) {
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) == 0) return fd;
    if (std::chrono::steady_clock::now() > patience) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  throw EnvironmentError("process driver: " + folder_.string() +
                         " is driven by another process; end that one first, or give this run " +
                         "another id");
}

void RunFolder::tidy() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ / "containers", ignored)) {
    if (!key_of(entry.path().filename().string())) fs::remove_all(entry.path(), ignored);
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "status", ignored)) {
    const auto key = key_of(entry.path().filename().string());
    if (!key || !exists(*key)) fs::remove(entry.path(), ignored);
  }
}

bool RunFolder::claim(const ContainerKey& key, const std::string& order) const {
  if (exists(key)) return false;
  // No key starts with a dot: whatever does is half made.
  std::string made = (folder_ / "containers" / ".new-").string() + std::string(6, 'X');
  if (::mkdtemp(made.data()) == nullptr) refuse("make a folder in", folder_, errno);
  std::error_code ignored;
  try {
    write_whole(fs::path(made) / "order", order);
    const fs::path control = fs::path(made) / "control";
    if (::mkfifo(control.c_str(), 0600) != 0) refuse("make the FIFO", control, errno);
  } catch (const EnvironmentError&) {
    fs::remove_all(made, ignored);
    throw;
  }
  // Fails where the target is a folder that is not empty, which every container is.
  if (::rename(made.c_str(), container(key).c_str()) == 0) return true;
  const int error = errno;
  fs::remove_all(made, ignored);
  if (error == EEXIST || error == ENOTEMPTY) return false;
  refuse("make", container(key), error);
}

bool RunFolder::exists(const ContainerKey& key) const {
  struct stat found {};
  return ::stat(container(key).c_str(), &found) == 0;
}

std::vector<ContainerKey> RunFolder::keys() const {
  std::vector<ContainerKey> keys;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ / "containers", ignored)) {
    if (const auto key = key_of(entry.path().filename().string())) keys.push_back(*key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void RunFolder::forget(const ContainerKey& key) const {
  // In this order a killed process leaves either a whole container or crumbs that tidy() removes.
  const fs::path gone = folder_ / "containers" / (".gone-" + text_of(key));
  std::error_code ignored;
  fs::rename(container(key), gone, ignored);
  fs::remove(status(key), ignored);
  fs::remove_all(gone, ignored);
}

std::vector<StatusLine> RunFolder::read(const ContainerKey& key, uint64_t& offset) const {
  std::vector<StatusLine> lines;
  const std::string text = read_text(status(key));
  size_t end = 0;
  while (offset < text.size() && (end = text.find('\n', offset)) != std::string::npos) {
    if (auto line = parse_status(std::string_view(text).substr(offset, end - offset))) {
      lines.push_back(std::move(*line));
    }
    offset = end + 1;
  }
  return lines;
}

bool RunFolder::is_kept(const ContainerKey& key) const {
  const UniqueFd fd(::open(status(key).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return false;
  struct flock lock = whole_file(F_WRLCK);
  return ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool RunFolder::write_end(const ContainerKey& key, std::string_view if_started,
                          std::string_view if_not) const {
  const UniqueFd fd(::open(status(key).c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct flock lock = whole_file(F_WRLCK);
  if (!fd || ::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) return false;
  uint64_t offset = 0;
  const auto lines = read(key, offset);
  if (!lines.empty() && lines.back().is_end()) return false;
  // A torn line of a power cut must not swallow this one.
  const std::string line = "\n" + std::string(lines.empty() ? if_not : if_started) + "\n";
  if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return false;
  }
  ::fsync(fd.get());
  return true;
}

void RunFolder::set_asked(const ContainerKey& key, std::optional<AskedStop> stop) const {
  const fs::path file = container(key) / "asked";
  std::error_code ignored;
  if (!stop) {
    fs::remove(file, ignored);
    return;
  }
  const fs::path made = container(key) / "asked.new";
  write_whole(made, std::to_string(static_cast<int>(stop->mode)) + " " +
                        std::to_string(stop->grace_ms) + "\n");
  fs::rename(made, file, ignored);
}

std::optional<AskedStop> RunFolder::asked(const ContainerKey& key) const {
  const std::string text = read_text(container(key) / "asked");
  std::string_view rest = text;
  int mode = 0;
  AskedStop stop;
  if (!take_number(rest, mode) || !take_number(rest, stop.grace_ms)) return std::nullopt;
  if (mode < 0 || mode > static_cast<int>(StopMode::kShrink)) return std::nullopt;
  stop.mode = static_cast<StopMode>(mode);
  return stop;
}

}  // namespace orrery::live
