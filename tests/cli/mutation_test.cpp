// Scenario files with bytes changed, cut and repeated: an InputError or a scenario, nothing else.
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

#include "actors/random.hpp"
#include "cli/scenario.hpp"

namespace orrery::cli {
namespace {

std::string mutated(std::string text, Random& random) {
  static constexpr std::string_view kTelling = "[]{}:,-&*!|>'\"#%@\n \t0x~";
  for (uint64_t i = 1 + random.below(8); i > 0 && !text.empty(); --i) {
    size_t at = random.below(text.size());
    size_t length = 1 + random.below(12);
    switch (random.below(4)) {
      case 0: text[at] = kTelling[random.below(kTelling.size())]; break;
      case 1: text[at] = static_cast<char>(random.below(256)); break;
      case 2: text.erase(at, length); break;
      default: text.insert(random.below(text.size()), text.substr(at, length)); break;
    }
  }
  return text;
}

TEST(Mutations, AreReadOrRefused) {
  int refused = 0;
  for (const char* name : {"failures", "network", "fair-share"}) {
    std::ostringstream original;
    std::string path = std::string(ORRERY_SOURCE_DIR "/scenarios/") + name + ".yaml";
    original << std::ifstream(path).rdbuf();
    ASSERT_FALSE(original.str().empty());
    for (uint64_t seed = 0; seed < 1500; ++seed) {
      Random random(seed, 0, name);
      std::string text = mutated(original.str(), random);
      try {
        Value root = parse_document(text, "mutated.yaml");
        if (root.kind != Value::Kind::kMap) continue;
        expand_shorthands(root);
        std::string effective = to_yaml(read_scenario(root));
        // What was accepted reads back the same.
        EXPECT_EQ(to_yaml(read_scenario(parse_document(effective, "effective"))), effective)
            << name << ", seed " << seed;
      } catch (const InputError& e) {
        ++refused;
        EXPECT_NE(std::string(e.what()).find("expected "), std::string::npos);
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace orrery::cli
