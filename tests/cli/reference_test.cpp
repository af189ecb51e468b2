// docs/scenario.md lists every key there is, as the parser knows it.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

#include "cli/scenario.hpp"

namespace orrery::cli {
namespace {

std::string in_table(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

std::string table() {
  std::string text = "| key | meaning | value | default |\n|---|---|---|---|\n";
  for (const FieldInfo& field : scenario_reference()) {
    std::string value = field.value.empty() ? "" : "`" + field.value + "`";
    text += "| `" + field.path + "` | " + in_table(field.help) + " | " + in_table(field.expected) +
            " | " + value + " |\n";
  }
  return text;
}

TEST(ScenarioReference, IsInTheDocumentation) {
  const std::string path = ORRERY_SOURCE_DIR "/docs/scenario.md";
  std::ostringstream buffer;
  buffer << std::ifstream(path).rdbuf();
  std::string text = buffer.str();
  size_t begin = text.find("| key | meaning |");
  ASSERT_NE(begin, std::string::npos);
  size_t end = text.find("\n\n", begin);
  end = end == std::string::npos ? text.size() : end + 1;
  if (std::getenv("ORRERY_REWRITE") != nullptr) {
    std::ofstream(path) << text.substr(0, begin) << table() << text.substr(end);
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), table()) << "ORRERY_REWRITE=1 brings it up to date";
}

}  // namespace
}  // namespace orrery::cli
