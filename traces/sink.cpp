#include "traces/sink.hpp"

#include <cerrno>
#include <cstring>

#include "actors/error.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

FileSink::FileSink(const std::string& path)
    : path_(path), file_(std::fopen(path.c_str(), "wb"), &std::fclose) {
  if (!file_) fail();
}

void FileSink::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
}

void FileSink::close() {
  if (std::fclose(file_.release()) != 0) fail();
}

void FileSink::fail() const {
  throw EnvironmentError("cannot write " + path_ + ": " + std::strerror(errno));
}

void require_valid(const Workload& workload) {
  const std::string fault = fault_of(workload);
  if (fault.empty()) return;
  throw InputError(
      {.where = "workload", .expected = "a valid workload", .found = fault, .hint = ""});
}

}  // namespace orrery::traces
