#include "live/api/audit.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/error.hpp"

namespace orrery::live::api {

namespace {

using nlohmann::ordered_json;

constexpr off_t kRoom = 64 * 1024;          // bytes kept on the disk for the next lines
constexpr size_t kMostUnwritten = 1 << 20;  // bytes of lines that could not be written

EnvironmentError failure(const std::filesystem::path& file, const char* what) {
  return EnvironmentError(file.string() + ": cannot " + what +
                          " the audit log: " + std::strerror(errno) +
                          "; until that is mended, requests that change something are refused");
}

/// "2026-11-21T17:26:46.123Z".
std::string now_text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char day[32];
  const size_t size = std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string millis = std::to_string(now.tv_nsec / 1'000'000);
  millis.insert(0, 3 - millis.size(), '0');
  return std::string(day, size) + "." + millis + "Z";
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

std::string line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

Audit::Audit(std::filesystem::path file) : file_(std::move(file)) { open(); }

void Audit::open() {
  fd_.reset(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!fd_) throw failure(file_, "open");
  // Tells whether it can be written, and when the log goes on after a restart.
  try {
    append(line_of({{"when", now_text()}, {"what", "open"}}));
  } catch (const EnvironmentError&) {
    fd_.reset();
    throw;
  }
}

void Audit::append(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd_.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw failure(file_, "write");
    done += static_cast<size_t>(n);
  }
}

void Audit::flush() {
  // Pipes and devices have nothing to flush.
  if (::fdatasync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS) {
    throw failure(file_, "write");
  }
}

void Audit::prepare() {
  const std::lock_guard lock(mutex_);
  struct stat named {};
  struct stat opened {};
  const bool same = fd_ && ::stat(file_.c_str(), &named) == 0 && ::fstat(fd_.get(), &opened) == 0 &&
                    named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
  if (!same) open();
  if (!unwritten_.empty()) {
    // A line may have been cut off: what follows begins on a new one.
    append("\n" + unwritten_);
    flush();
    unwritten_.clear();
  }
  // Where the file system can't keep room, writing will show.
  ::fstat(fd_.get(), &opened);
  if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, opened.st_size, kRoom) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG)) {
    throw failure(file_, "write");
  }
}

void Audit::write(const AuditLine& line) {
  const std::string text = line_of({{"when", now_text()},
                                    {"who", text_or_null(line.who)},
                                    {"role", text_or_null(line.role)},
                                    {"from", line.from},
                                    {"what", line.what},
                                    {"object", text_or_null(line.object)},
                                    {"reason", text_or_null(line.reason)},
                                    {"outcome", line.refusal.empty() ? "done" : "refused"},
                                    {"status", line.status},
                                    {"refusal", text_or_null(line.refusal)}});
  const std::lock_guard lock(mutex_);
  try {
    append(text);
    if (line.refusal.empty()) flush();
  } catch (const EnvironmentError&) {
    if (unwritten_.size() < kMostUnwritten) unwritten_ += text;
    throw;
  }
}

}  // namespace orrery::live::api
