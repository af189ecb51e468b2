#include "readers.hpp"
#include "traces/throughputs.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::traces;
  try {
    const Throughputs table = parse_throughputs(text_of(data, size), "fuzz");
    require(!table.gpu_types().empty(), "a table without a type of GPU");
  } catch (const orrery::InputError&) {
  }
  return 0;
}
