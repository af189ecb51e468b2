#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/rules.hpp"

namespace orrery::tidy {
namespace {

using Names = std::vector<std::string_view>;

/// What a folder may include. Libraries are prefixes of what stands between the brackets.
struct Layer {
  std::string_view folder;
  Names folders;
  Names libraries;
  bool operating_system = false;  ///< POSIX headers
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> kLayers{
      {"actors/", {"actors/"}, {"Eigen/"}},
      {"policies/", {"actors/", "policies/"}, {"Eigen/", "lemon/"}},
      {"traces/", {"actors/", "traces/"}, {"zlib.h", "zstd.h", "simdjson.h", "nlohmann/"}, true},
      {"record/", {"actors/", "record/"}, {"zlib.h", "zstd.h", "msgpack", "nlohmann/"}, true},
      {"sim/", {"actors/", "traces/", "sim/"}, {}},
      {"compat/",
       {"actors/", "policies/", "traces/", "sim/", "compat/"},
       {"nlohmann/", "coin/Clp_C_Interface.h"}},
      {"live/", {"actors/", "traces/", "live/"}, {""}, true},
  };
  return kLayers;
}

bool is_standard(std::string_view header) {
  static constexpr std::string_view kHeaders =
      " algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat "
      "charconv chrono cinttypes climits clocale cmath compare complex concepts "
      "condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib "
      "cstring ctime cuchar cwchar cwctype deque exception execution filesystem format "
      "forward_list fstream functional future initializer_list iomanip ios iosfwd iostream "
      "istream iterator latch limits list locale map memory memory_resource mutex new "
      "numbers numeric optional ostream queue random ranges ratio regex scoped_allocator "
      "semaphore set shared_mutex source_location span sstream stack stdexcept stop_token "
      "streambuf string string_view strstream syncstream system_error thread tuple "
      "type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant "
      "vector version ";
  return kHeaders.find(" " + std::string(header) + " ") != std::string_view::npos;
}

bool is_operating_system(std::string_view header) {
  static const std::set<std::string_view> kHeaders{"fcntl.h", "unistd.h", "poll.h", "signal.h",
                                                   "spawn.h"};
  return header.starts_with("sys/") || kHeaders.contains(header);
}

bool any_prefix(const Names& prefixes, std::string_view text) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

std::string listed(const Names& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

void check_layer(const SourceFile& file, const Include& include, const Layer& layer,
                 Findings& findings) {
  bool allowed = false;
  if (include.quoted) {
    allowed = any_prefix(layer.folders, include.target);
  } else {
    allowed = is_standard(include.target) || any_prefix(layer.libraries, include.target) ||
              (layer.operating_system && is_operating_system(include.target));
  }
  if (allowed) return;
  const std::string folders = listed(layer.folders);
  const std::string libraries = listed(layer.libraries);
  findings.push_back({file.path, include.line, "layers", "includes " + std::string(include.target),
                      "only " + folders + ", the standard library" +
                          (libraries.empty() ? "" : " and " + libraries),
                      "layers point one way (docs/ARCHITECTURE.md); move what both need down, or "
                      "hand it in from cli/"});
}

/// Rules that hold wherever a file lies.
void check_anywhere(const SourceFile& file, const Include& include, Findings& findings) {
  static const Names kHeavy{"nlohmann/json.hpp", "yaml-cpp/", "CLI/"};
  const std::string found = "includes " + std::string(include.target);
  if (include.target.starts_with("caf/") && !file.under("live/")) {
    findings.push_back({file.path, include.line, "caf", found, "actors/actor.hpp",
                        "CAF hosts actors in live/ alone; nobody else is to depend on it"});
  }
  if (file.named(".hpp") && !file.under("tests/") && any_prefix(kHeavy, include.target)) {
    findings.push_back({file.path, include.line, "heavy-header", found,
                        "forward declarations (<nlohmann/json_fwd.hpp>) and the include in a .cpp",
                        "every file that includes this one would compile it again"});
  }
}

}  // namespace

Findings check_includes(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!file.is_code()) continue;
    for (const Include& include : includes_of(file)) {
      check_anywhere(file, include, findings);
      for (const Layer& layer : layers()) {
        if (file.under(layer.folder)) check_layer(file, include, layer, findings);
      }
    }
  }
  return findings;
}

}  // namespace orrery::tidy
