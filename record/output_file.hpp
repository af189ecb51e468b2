// OutputFile: one file of a run record, written through a big buffer under a temporary name and
// renamed when complete, so that a file under its own name is always whole.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "record/text.hpp"

namespace orrery::record {

class OutputFile {
 public:
  enum class Naming {
    kWhenWhole,  ///< `path` + ".part" until commit
    kAtOnce,     ///< `path` from the beginning: for what must survive a crash
  };

  /// Opens the file afresh. Throws EnvironmentError that names the path.
  explicit OutputFile(std::filesystem::path path, Naming naming = Naming::kWhenWhole);
  /// Goes on with a file of that name behind its first `keep` bytes; what follows them is cut off.
  OutputFile(std::filesystem::path path, size_t keep);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Removes a temporary file that was not committed.
  ~OutputFile();

  /// The write position, with room for `bytes`; to be handed back through `wrote`.
  char* room(size_t bytes) {
    if (static_cast<size_t>(limit_ - at_) < bytes) make_room(bytes);
    return at_;
  }
  void wrote(char* end) { at_ = end; }
  void write(std::string_view text);

  /// Hands what is buffered to the operating system.
  void flush();
  /// Waits until all that was handed over is on the disk. Throws EnvironmentError.
  void sync();
  /// Writes out what is buffered and gives the file its name. Throws EnvironmentError.
  void commit();

 private:
  void make_room(size_t bytes);
  void write_all(std::string_view bytes);
  [[noreturn]] void fail(const char* deed) const;

  std::filesystem::path path_;
  std::filesystem::path part_;
  int file_ = -1;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_;
  char* at_;
  char* limit_;
};

/// Makes the folder and its parents. Throws EnvironmentError that names it.
void make_folder(const std::filesystem::path& folder);

/// The whole file. Throws EnvironmentError where it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace orrery::record
