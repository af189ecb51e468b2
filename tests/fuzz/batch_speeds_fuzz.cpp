#include "readers.hpp"
#include "traces/elasticflow.hpp"

// The tables beside ElasticFlow's jobs.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::traces;
  try {
    LineReader lines(open_memory(text_of(data, size), "fuzz"), "fuzz");
    for (const auto& [batch, points] : read_batch_speeds(lines)) {
      require(batch > 0, "a batch of nothing");
      uint32_t last = 0;
      for (const auto& [gpus, speed] : points) {
        require(gpus > last && speed > 0, "points that do not ascend, or a speed of 0");
        last = gpus;
      }
    }
  } catch (const orrery::InputError&) {
  }
  return 0;
}
