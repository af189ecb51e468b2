#include <charconv>

#include "actors/error.hpp"
#include "compat/fgd.hpp"
#include "compat/gavel.hpp"
#include "compat/muri.hpp"
#include "compat/shockwave.hpp"
#include "compat/tiresias.hpp"
#include "compat/world.hpp"

namespace orrery::compat {

std::string Settings::text(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  if (found == values_.end()) {
    throw InputError({.where = "world " + world_,
                      .expected = "setting \"" + std::string(name) + "\"",
                      .found = "none",
                      .hint = "give it under `with`"});
  }
  return found->second;
}

double Settings::number(std::string_view name) const {
  const std::string value = text(name);
  double parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw InputError({.where = "world " + world_ + ", setting \"" + std::string(name) + "\"",
                      .expected = "a number",
                      .found = "\"" + value + "\"",
                      .hint = "mend it under `with`"});
  }
  return parsed;
}

uint64_t Settings::count(std::string_view name) const {
  const std::string value = text(name);
  uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw InputError({.where = "world " + world_ + ", setting \"" + std::string(name) + "\"",
                      .expected = "a whole number from 0 up",
                      .found = "\"" + value + "\"",
                      .hint = "mend it under `with`"});
  }
  return parsed;
}

std::filesystem::path Settings::file(std::string_view name) const {
  std::filesystem::path path = text(name);
  if (!std::filesystem::exists(path)) {
    throw EnvironmentError(path.string() + " is not there; world " + world_ + " reads it as \"" +
                           std::string(name) + "\"");
  }
  return path;
}

std::span<const World> worlds() {
  static const std::vector<World> kWorlds{fgd_world(), gavel_world(), muri_world(),
                                          shockwave_world(), tiresias_world()};
  return kWorlds;
}

}  // namespace orrery::compat
