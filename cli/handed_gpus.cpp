#include "cli/handed_gpus.hpp"

#include "actors/error.hpp"
#include "cli/command.hpp"

namespace orrery::cli {

HandedGpus handed_gpus(const std::string& library) {
  live::GpuMonitor::Options options;
  options.nvml.library = library;
  options.on_event = [](const live::GpuEvent& event) {
    std::string which = event.index ? "GPU " + std::to_string(*event.index) + ": " : "";
    complain(which + event.text);
  };
  HandedGpus handed;
  handed.monitor = std::make_unique<live::GpuMonitor>(std::move(options));
  live::GpuOverview overview = handed.monitor->read();
  if (!overview.status.ok()) {
    throw EnvironmentError(library + ": " + overview.status.text +
                           "; leave --gpus out where containers get none");
  }
  for (const auto& gpu : overview.gpus) handed.uuids.push_back(gpu.uuid);
  return handed;
}

}  // namespace orrery::cli
