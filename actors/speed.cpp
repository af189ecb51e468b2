#include "actors/speed.hpp"

namespace orrery {

namespace {

double interpolate(const std::vector<std::pair<uint32_t, double>>& table, uint32_t tasks) {
  if (tasks <= table.front().first) return table.front().second;
  for (std::size_t i = 1; i < table.size(); ++i) {
    auto [x1, y1] = table[i];
    if (tasks > x1) continue;
    auto [x0, y0] = table[i - 1];
    return y0 + (y1 - y0) * (double(tasks - x0) / double(x1 - x0));
  }
  return table.back().second;
}

double by_tasks(const SpeedModel& model, uint32_t tasks) {
  double n = tasks;
  switch (model.kind) {
    case SpeedModel::Kind::kFixed: return 1;
    case SpeedModel::Kind::kLinear: return n;
    case SpeedModel::Kind::kAmdahl: return 1 / (model.serial + (1 - model.serial) / n);
    case SpeedModel::Kind::kTable: return model.table.empty() ? 1 : interpolate(model.table, tasks);
  }
  return 1;
}

}  // namespace

double SpeedModel::speed(uint32_t tasks, uint32_t reference, uint32_t gpu_type) const {
  if (tasks == 0) return 0;
  double factor = gpu_type < by_gpu_type.size() ? by_gpu_type[gpu_type] : 1;
  // The same size is exactly 1, whatever the model's arithmetic would round to.
  if (tasks == reference) return factor;
  return factor * (by_tasks(*this, tasks) / by_tasks(*this, reference));
}

}  // namespace orrery
