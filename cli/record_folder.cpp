#include "cli/record_folder.hpp"

#include <system_error>

namespace orrery::cli {

namespace {

// Paths in a scenario count from its folder, so those of the one that the record keeps count from
// there; absolute ones stay.
std::string seen_from(const std::filesystem::path& folder, const std::string& path) {
  if (path.empty() || folder.empty() || std::filesystem::path(path).is_absolute()) return path;
  std::filesystem::path from = std::filesystem::absolute(folder).lexically_normal();
  // A name with "/" at its end has an empty last part, which would count as a folder.
  if (!from.has_filename()) from = from.parent_path();
  return std::filesystem::absolute(path).lexically_normal().lexically_relative(from).string();
}

}  // namespace

std::string kept_text(Scenario scenario, const std::filesystem::path& folder) {
  scenario.workload.trace = seen_from(folder, scenario.workload.trace);
  scenario.workload.throughputs = seen_from(folder, scenario.workload.throughputs);
  scenario.cluster.from = seen_from(folder, scenario.cluster.from);
  return to_yaml(scenario);
}

FolderGuard::FolderGuard(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code problem;
  was_there_ = std::filesystem::exists(folder_, problem);
}

FolderGuard::~FolderGuard() {
  if (kept_ || folder_.empty()) return;
  std::error_code problem;
  std::filesystem::remove(folder_ / kJournal, problem);
  if (!was_there_) std::filesystem::remove(folder_, problem);
}

}  // namespace orrery::cli
