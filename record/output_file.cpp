#include "record/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

#include "actors/error.hpp"

namespace orrery::record {

namespace {

// One write call a buffer: large enough that the calls do not count, small enough for the cache.
constexpr size_t kBufferBytes = 256 * 1024;

}  // namespace

OutputFile::OutputFile(std::filesystem::path path, Naming naming)
    : path_(std::move(path)),
      part_(path_.string() + (naming == Naming::kAtOnce ? "" : ".part")),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      capacity_(kBufferBytes),
      at_(buffer_.get()),
      limit_(buffer_.get() + capacity_) {
  file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail("create");
}

OutputFile::OutputFile(std::filesystem::path path, size_t keep)
    : path_(std::move(path)),
      part_(path_),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      capacity_(kBufferBytes),
      at_(buffer_.get()),
      limit_(buffer_.get() + capacity_) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (file_ < 0) fail("open");
  bool there = ::ftruncate(file_, static_cast<off_t>(keep)) == 0 &&
               ::lseek(file_, 0, SEEK_END) == static_cast<off_t>(keep) && ::fdatasync(file_) == 0;
  if (there) return;
  int why = errno;
  ::close(file_);
  errno = why;
  fail("go on with");
}

OutputFile::~OutputFile() {
  if (file_ < 0) return;
  ::close(file_);
  if (part_ != path_) ::unlink(part_.c_str());
}

void OutputFile::fail(const char* deed) const {
  throw EnvironmentError(std::string("cannot ") + deed + " " + path_.string() + ": " +
                         std::generic_category().message(errno));
}

void OutputFile::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::write(file_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("write");
    bytes.remove_prefix(static_cast<size_t>(done));
  }
}

void OutputFile::flush() {
  write_all({buffer_.get(), static_cast<size_t>(at_ - buffer_.get())});
  at_ = buffer_.get();
}

void OutputFile::sync() {
  if (::fdatasync(file_) != 0) fail("write");
}

void OutputFile::make_room(size_t bytes) {
  flush();
  if (bytes <= capacity_) return;
  capacity_ = bytes;
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  at_ = buffer_.get();
  limit_ = at_ + capacity_;
}

void OutputFile::write(std::string_view text) {
  if (text.size() > capacity_ / 2) {
    flush();
    write_all(text);
    return;
  }
  wrote(put(room(text.size()), text));
}

void OutputFile::commit() {
  flush();
  int closed = ::close(file_);
  file_ = -1;
  if (closed == 0 && (part_ == path_ || ::rename(part_.c_str(), path_.c_str()) == 0)) return;
  int why = errno;
  if (part_ != path_) ::unlink(part_.c_str());
  errno = why;
  fail("finish");
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw EnvironmentError("cannot make the folder " + folder.string() + ": " + error.message());
  }
}

std::string read_file(const std::filesystem::path& path) {
  auto fail = [&] {
    throw EnvironmentError("cannot read " + path.string() + ": " +
                           std::generic_category().message(errno));
  };
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail();
  std::string text;
  char chunk[65536];
  ssize_t got = 0;
  while ((got = ::read(file, chunk, sizeof chunk)) > 0) {
    text.append(chunk, static_cast<size_t>(got));
  }
  int why = errno;
  ::close(file);
  errno = why;
  if (got < 0) fail();
  return text;
}

}  // namespace orrery::record
