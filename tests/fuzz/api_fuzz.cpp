// Any bytes as what people send to the HTTP interface: paths, jobs and the file of tokens. The
// first byte says which.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "actors/error.hpp"
#include "live/api/fault.hpp"
#include "live/api/json.hpp"
#include "live/api/target.hpp"
#include "live/api/tokens.hpp"

namespace orrery::live::api {
namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void read_job(std::string_view bytes) {
  try {
    const JobRequest job = job_request_of(bytes);
    require(!job.command.empty() && job.tasks > 0, "a job without a command or tasks");
  } catch (const Fault& fault) {
    require(fault.status() == 400 && !fault.body().empty(), "a fault that is no bad request");
  }
}

void read_reason(std::string_view bytes) {
  try {
    drain_reason_of(bytes, true);
  } catch (const Fault& fault) {
    require(fault.status() == 400, "a fault that is no bad request");
  }
}

void read_tokens(std::string_view bytes) {
  try {
    parse_tokens(bytes, "tokens");
  } catch (const InputError& error) {
    require(error.details().line > 0, "an error without a line");
  }
}

void read_target(std::string_view bytes) {
  const auto target = target_of(bytes);
  require(!target || bytes.starts_with('/'), "a path that begins with something else");
}

}  // namespace
}  // namespace orrery::live::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::live::api;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'j': read_job(bytes); break;
    case 'r': read_reason(bytes); break;
    case 't': read_tokens(bytes); break;
    default: read_target(bytes); break;
  }
  return 0;
}
