#include "cli/service/serving_notes.hpp"

#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "cli/service/questions.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kServingFile = "serving.json";

}  // namespace

live::Bridge::ServingNotes read_serving(const StateFolder& folder) {
  live::Bridge::ServingNotes notes;
  const std::string text = folder.read(kServingFile);
  if (text.empty()) return notes;
  try {
    for (const auto& one : nlohmann::json::parse(text)) {
      live::ContainerKey key;
      one.at("job").get_to(key.job.index);
      one.at("attempt").get_to(key.epoch);
      one.at("part").get_to(key.part);
      live::Serving& serving = notes[key];
      one.at("serves").get_to(serving.epoch);
      one.at("frozen").get_to(serving.frozen);
    }
  } catch (const nlohmann::json::exception& error) {
    throw EnvironmentError((folder / kServingFile).string() + " is damaged (" + error.what() +
                           "); where no container of this node is frozen, remove it");
  }
  return notes;
}

void keep_serving(const StateFolder& folder, const live::Bridge::ServingNotes& notes) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& [key, serving] : notes) {
    all.push_back({{"job", key.job.index},
                   {"attempt", key.epoch},
                   {"part", key.part},
                   {"serves", serving.epoch},
                   {"frozen", serving.frozen}});
  }
  folder.write(kServingFile, all.dump() + "\n");
  // What a container says under a later attempt stands where it began to speak.
  for (const auto& [key, serving] : notes) {
    if (serving.epoch == key.epoch) continue;
    std::error_code ignored;  // it is there already
    std::filesystem::create_symlink(
        log_name(key), folder / "logs" / log_name({key.job, serving.epoch, key.part}), ignored);
  }
}

}  // namespace orrery::cli
