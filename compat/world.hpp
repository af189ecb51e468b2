// Compatibility worlds: how other groups' simulators behave, quirks included, so that Orrery's
// policies can be held against the results that those groups published.
//
// A world takes files and settings and gives figures. Whatever the engine has (readers, orders,
// placements, random numbers) it takes from there; what is in a world is only what its peer does
// otherwise, each quirk named where it stands (docs/reproduction.md lists them).
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::compat {

/// What a case asks of a world, by name.
class Settings {
 public:
  Settings(std::string world, std::map<std::string, std::string> values)
      : world_(std::move(world)), values_(std::move(values)) {}

  /// Throws InputError naming world and setting when it is absent or not of its kind.
  std::string text(std::string_view name) const;
  double number(std::string_view name) const;
  uint64_t count(std::string_view name) const;
  /// A file that is there; else throws EnvironmentError, and the case can't be run.
  std::filesystem::path file(std::string_view name) const;
  bool has(std::string_view name) const { return values_.contains(std::string(name)); }

 private:
  std::string world_;
  std::map<std::string, std::string> values_;
};

/// A number that a run gives, "avg_jct" 193081.796 "s".
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
};

/// A setting as `orrery check --list` explains it.
struct SettingHelp {
  std::string_view name;
  std::string_view meaning;
};

struct World {
  std::string_view name;
  std::string_view meaning;
  std::vector<SettingHelp> settings;
  std::vector<Figure> (*run)(const Settings& settings) = nullptr;
};

/// All worlds, by name.
std::span<const World> worlds();

}  // namespace orrery::compat
