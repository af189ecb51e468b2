#include <iterator>

#include "live/nvml/sim/description.hpp"

namespace orrery::live::nvml_sim {

namespace {

// Names, memory and clocks as nvidia-smi tells them for these boards; power limits and compute
// capabilities from NVIDIA's data sheets. Idle power is a typical figure.
constexpr Product kProducts[] = {
    {"T4", "Tesla T4", 15360, 450, 10, 70, 1590, 5001, 7, 5, false, true},
    {"V100-32GB", "Tesla V100-SXM2-32GB", 32768, 270, 40, 300, 1530, 877, 7, 0, false, true},
    {"A10", "NVIDIA A10", 23028, 500, 16, 150, 1695, 6251, 8, 6, false, true},
    {"A30", "NVIDIA A30", 24576, 600, 28, 165, 1440, 1215, 8, 0, true, true},
    {"A100-40GB", "NVIDIA A100-SXM4-40GB", 40960, 560, 50, 400, 1410, 1215, 8, 0, true, true},
    {"A100-80GB", "NVIDIA A100-SXM4-80GB", 81920, 870, 60, 400, 1410, 1593, 8, 0, true, true},
    {"L4", "NVIDIA L4", 23034, 500, 12, 72, 2040, 6251, 8, 9, false, true},
    {"L40S", "NVIDIA L40S", 46068, 590, 35, 350, 2520, 9001, 8, 9, false, true},
    {"RTX4090", "NVIDIA GeForce RTX 4090", 24564, 450, 20, 450, 3105, 10501, 8, 9, false, false},
    {"H100-80GB", "NVIDIA H100 80GB HBM3", 81559, 640, 70, 700, 1980, 2619, 9, 0, true, true},
    {"H200-141GB", "NVIDIA H200", 143771, 640, 75, 700, 1980, 3201, 9, 0, true, true},
};

}  // namespace

const Product* find_product(const std::string& key) {
  for (const Product& product : kProducts) {
    if (key == product.key) return &product;
  }
  return nullptr;
}

std::string product_keys() {
  std::string text;
  for (const Product& product : kProducts) {
    text += (text.empty() ? "" : ", ") + std::string(product.key);
  }
  return text;
}

}  // namespace orrery::live::nvml_sim
