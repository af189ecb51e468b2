// A file of the kernel that stays open: each read and each write is one system call.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "live/drivers/fd.hpp"

namespace orrery::live {

/// Opened when it is first used. One thread at a time.
class ControlFile {
 public:
  explicit ControlFile(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  /// The whole text, as it is now, up to 16 KiB; valid until the next read. Throws
  /// EnvironmentError.
  std::string_view read();
  /// Throws EnvironmentError that names the file, the text, the reason and what to do.
  void write(std::string_view text);

 private:
  std::filesystem::path path_;
  UniqueFd reads_;
  UniqueFd writes_;
  std::string text_;
};

bool is_there(const std::filesystem::path& path);
/// The number behind `name` in lines such as "oom_kill 3"; nothing where it is missing.
std::optional<int64_t> number_of(std::string_view text, std::string_view name);
/// The number at the start of `text`; nothing for "max".
std::optional<int64_t> first_number(std::string_view text);
/// Without the blanks and line ends at its end.
std::string trimmed(std::string_view text);

}  // namespace orrery::live
