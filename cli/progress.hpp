// A progress bar on stderr: one line that is drawn over itself, on a terminal only.
#pragma once

#include <cstdint>
#include <string>

namespace orrery::cli {

class ProgressBar {
 public:
  /// Draws nothing unless `shown`.
  explicit ProgressBar(bool shown) : shown_(shown) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  /// `done` of `all` jobs have ended, `ready` of `runs` runs.
  void draw(uint64_t done, uint64_t all, uint64_t ready, uint64_t runs);
  /// Takes the line away, before anything else is printed.
  void clear();

 private:
  bool shown_;
  std::string last_;
};

/// True if stderr is a terminal that can draw over a line.
bool stderr_is_terminal();

}  // namespace orrery::cli
