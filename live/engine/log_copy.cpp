#include "live/engine/log_copy.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace orrery::live {
namespace {

class File {
 public:
  explicit File(const std::filesystem::path& path) : path_(path) {
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) fail();
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  uint64_t size() const {
    struct stat found {};
    return ::fstat(fd_, &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
  }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw EnvironmentError("log " + path_.string() + ": can't be written: " + std::strerror(errno) +
                           "; make room or name another file");
  }

  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace

void copy_log(Client& client, const std::string& id, const LogTarget& target, bool follow) {
  File file(target.file);
  const uint64_t size = file.size();
  uint64_t skip = size > target.from ? size - target.from : 0;
  // No exception may pass through the HTTP library.
  std::string failed;
  client.logs(id, follow, [&](std::string_view piece) {
    const size_t known = static_cast<size_t>(std::min<uint64_t>(skip, piece.size()));
    skip -= known;
    try {
      file.append(piece.substr(known));
    } catch (const EnvironmentError& error) {
      failed = error.what();
    }
    return failed.empty();
  });
  if (!failed.empty()) throw EnvironmentError(failed);
}

LogFollower::LogFollower(const std::filesystem::path& socket, std::string id, LogTarget target,
                         std::function<void(std::string)> on_trouble)
    : client_(socket) {
  thread_ = std::thread(
      [this, id = std::move(id), target = std::move(target), tell = std::move(on_trouble)] {
        try {
          copy_log(client_, id, target, /*follow=*/true);
        } catch (const EngineError&) {
          // The engine is away or the container is gone: whoever looks next copies the rest.
        } catch (const EnvironmentError& error) {
          tell(error.what());
        }
        done_ = true;
      });
}

void LogFollower::stop() {
  client_.interrupt();
  if (thread_.joinable()) thread_.join();
}

}  // namespace orrery::live
