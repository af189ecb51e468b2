// A job as people write it: docs/command-line.md lists its keys, and time limits read as they do in
// scenarios and in Slurm.
#include "cli/job_form.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

namespace orrery::cli {
namespace {

std::string table() {
  std::string text = "| key | meaning | value | default |\n|---|---|---|---|\n";
  for (const FieldInfo& field : job_form_reference()) {
    const std::string value = field.value.empty() ? "" : "`" + field.value + "`";
    text +=
        "| `" + field.path + "` | " + field.help + " | " + field.expected + " | " + value + " |\n";
  }
  return text;
}

TEST(JobForm, ItsKeysAreInTheDocumentation) {
  const std::string path = ORRERY_SOURCE_DIR "/docs/command-line.md";
  std::ostringstream buffer;
  buffer << std::ifstream(path).rdbuf();
  const std::string text = buffer.str();
  const size_t begin = text.find("| key | meaning | value | default |");
  ASSERT_NE(begin, std::string::npos);
  const size_t end = text.find("\n\n", begin) + 1;
  if (std::getenv("ORRERY_REWRITE") != nullptr) {
    std::ofstream(path) << text.substr(0, begin) << table() << text.substr(end);
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), table()) << "ORRERY_REWRITE=1 brings it up to date";
}

TEST(JobForm, ReadsTimesAsScenariosAndSlurmWriteThem) {
  const auto seconds = [](std::string_view text) {
    double value = 0;
    return parse_time_limit(text, value) ? value : -1;
  };
  EXPECT_EQ(seconds("90"), 90);
  EXPECT_EQ(seconds("90m"), 5400);
  EXPECT_EQ(seconds("1h30m"), 5400);
  EXPECT_EQ(seconds("30:15"), 1815);
  EXPECT_EQ(seconds("1:30:00"), 5400);
  EXPECT_EQ(seconds("2-12:00:00"), 216'000);
  for (const char* bad :
       {"", "0", "-5", "1:60", "1:2:3:4", "x:1", "1:", "0:00", "-1:00:00", "nan-1:00:00"}) {
    EXPECT_EQ(seconds(bad), -1) << bad;
  }
}

}  // namespace
}  // namespace orrery::cli
