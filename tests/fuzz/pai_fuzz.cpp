#include "readers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::traces;
  fuzz_reader(text_of(data, size), Format::kPai);
  return 0;
}
