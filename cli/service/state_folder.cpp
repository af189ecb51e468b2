#include "cli/service/state_folder.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "actors/error.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

namespace {

[[noreturn]] void fail(const std::string& deed, const std::filesystem::path& path) {
  throw EnvironmentError("cannot " + deed + " " + path.string() + ": " +
                         std::generic_category().message(errno));
}

void sync_folder(const std::filesystem::path& folder) {
  int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) fail("open", folder);
  int synced = ::fsync(file);
  ::close(file);
  if (synced != 0) fail("write", folder);
}

}  // namespace

StateFolder::StateFolder(std::filesystem::path folder)
    : folder_(std::filesystem::absolute(std::move(folder)).lexically_normal()) {
  bool made = !std::filesystem::exists(folder_);
  record::make_folder(folder_);
  if (made && ::chmod(folder_.c_str(), 0700) != 0) fail("make", folder_);
  std::filesystem::path lock = folder_ / "lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) fail("open", lock);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  int why = errno;
  ::close(lock_);
  if (why == EWOULDBLOCK) {
    throw EnvironmentError(folder_.string() +
                           " is in use by another process; stop it, or give another --state");
  }
  errno = why;
  fail("lock", lock);
}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

std::string StateFolder::read(const std::string& name) const {
  std::error_code ignored;
  if (!std::filesystem::exists(folder_ / name, ignored)) return "";
  return record::read_file(folder_ / name);
}

void StateFolder::write(const std::string& name, const std::string& text) const {
  record::OutputFile file(folder_ / name);
  file.write(text);
  file.flush();
  file.sync();
  file.commit();
  sync();
}

void StateFolder::sync() const { sync_folder(folder_); }

}  // namespace orrery::cli
