#include "cli/progress.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include "cli/table.hpp"

namespace orrery::cli {

bool stderr_is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

void ProgressBar::draw(uint64_t done, uint64_t all, uint64_t ready, uint64_t runs) {
  if (!shown_) return;
  constexpr uint64_t kWidth = 30;
  double share = all == 0 ? 0 : static_cast<double>(done) / static_cast<double>(all);
  auto filled = static_cast<size_t>(share * kWidth);
  std::string line = "[" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "] ";
  line += std::to_string(static_cast<int>(share * 100)) + " %  " + grouped(done) + " of " +
          grouped(all) + " jobs";
  if (runs > 1) line += "  " + std::to_string(ready) + " of " + std::to_string(runs) + " runs";
  if (line == last_) return;
  // Back to the first column, the line, and whatever stood behind it cleared.
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
  last_ = line;
}

void ProgressBar::clear() {
  if (last_.empty()) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  last_.clear();
}

}  // namespace orrery::cli
