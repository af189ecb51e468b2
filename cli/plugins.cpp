#include "cli/plugins.hpp"

#include <dlfcn.h>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "policies/plugin.hpp"

namespace orrery::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kWorlds = "liborrery-compat.so";

std::string last_error() {
  const char* text = dlerror();
  return text == nullptr ? "no reason given" : text;
}

// The library stays loaded: policies and worlds of it live as long as the program.
void* open_plugin(const fs::path& file) {
  // A name without a slash would be looked for in the system's folders.
  const std::string path = fs::absolute(file).string();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw InputError({.where = file.string(),
                      .expected = "a plugin: a shared library built with find_package(orrery)",
                      .found = last_error(),
                      .hint = "docs/plugins.md shows one"});
  }
  const auto* stamp = static_cast<const PluginStamp*>(dlsym(library, "orrery_plugin_stamp"));
  const PluginStamp ours{version()};
  if (stamp == nullptr || !(*stamp == ours)) {
    const std::string theirs =
        stamp == nullptr ? "a library without ORRERY_PLUGIN"
                         : "one for " + std::string(stamp->version) + ", or for other headers";
    throw InputError({.where = file.string(),
                      .expected = "a plugin for orrery " + std::string(ours.version),
                      .found = theirs,
                      .hint = "build it again, against the installed headers"});
  }
  return library;
}

void load_plugin(const fs::path& file) {
  void* library = open_plugin(file);
  auto* load = reinterpret_cast<void (*)()>(dlsym(library, "orrery_plugin_load"));
  if (load != nullptr) load();
}

}  // namespace

void load_plugins(const std::vector<std::string>& arguments) {
  const std::string option = "--plugin";
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == option && i + 1 < arguments.size()) load_plugin(arguments[i + 1]);
    if (arguments[i].starts_with(option + "=")) load_plugin(arguments[i].substr(option.size() + 1));
  }
}

std::span<const compat::World> compatibility_worlds() {
  static const std::span<const compat::World> worlds = [] {
    const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
    fs::path file = program / kWorlds;
    if (!fs::exists(file)) file = program.parent_path() / "lib" / "orrery" / kWorlds;
    if (!fs::exists(file)) {
      throw EnvironmentError((program / kWorlds).string() + " and " + file.string() +
                             " are not there; it is built and installed with orrery");
    }
    auto* found = reinterpret_cast<std::span<const compat::World> (*)()>(
        dlsym(open_plugin(file), "orrery_worlds"));
    if (found == nullptr) {
      throw EnvironmentError(file.string() + " has no worlds; install it again with orrery");
    }
    return found();
  }();
  return worlds;
}

}  // namespace orrery::cli
