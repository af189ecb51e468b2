#include "readers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace orrery::traces;
  for (const bool skip : {false, true}) {
    try {
      ReadReport report;
      const auto cluster =
          parse_openb_nodes(text_of(data, size), "fuzz", {.skip_errors = skip}, report);
      require(!cluster.nodes.empty(), "no node");
      for (const auto& node : cluster.nodes) {
        require(node.gpus == 0 || node.gpu_type < cluster.gpu_types.size(), "no such GPU type");
      }
    } catch (const orrery::InputError&) {
    }
  }
  return 0;
}
