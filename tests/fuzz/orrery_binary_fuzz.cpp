#include <algorithm>

#include "readers.hpp"
#include "traces/binary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::traces;
  if (size == 0) return 0;
  const std::string_view bytes = text_of(data + 1, size - 1);
  // Few random files have a good check sum, so every other input is the content of blocks.
  if (data[0] % 2 == 0) {
    fuzz_reader(bytes, Format::kOrreryBinary);
    return 0;
  }
  const size_t tables = std::min<size_t>(data[0] / 2, bytes.size());
  Packer end;
  end.number(1);
  fuzz_reader(binary_start() + binary_block(BlockKind::kTables, bytes.substr(0, tables)) +
                  binary_block(BlockKind::kJobs, bytes.substr(tables)) +
                  binary_block(BlockKind::kEnd, end.bytes()),
              Format::kOrreryBinary);
  return 0;
}
