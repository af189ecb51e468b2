// Where written bytes go: a file or a string.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "actors/workload.hpp"

namespace orrery::traces {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
};

/// Creates or replaces a file. Throws EnvironmentError when it cannot be written.
class FileSink : public ByteSink {
 public:
  explicit FileSink(const std::string& path);
  void write(std::string_view bytes) override;
  /// To be called at the end: a full disk may show only here.
  void close();

 private:
  [[noreturn]] void fail() const;

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

class StringSink : public ByteSink {
 public:
  void write(std::string_view bytes) override { text_ += bytes; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Throws InputError when `workload` has a fault: what is written must be readable.
void require_valid(const Workload& workload);

}  // namespace orrery::traces
