// The example plugin, as its reader would make it: install, find_package, build, run.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

class PluginExample : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() = fs::temp_directory_path() / ("orrery-plugin-" + std::to_string(getpid()));
    fs::create_directories(folder());
    const std::string to = " >>'" + (folder() / "log.txt").string() + "' 2>&1";
    const std::string prefix = "'" + (folder() / "installed").string() + "'";
    const std::string build = "'" + (folder() / "build").string() + "'";
    built() = run("cmake --install '" ORRERY_BUILD_DIR "' --prefix " + prefix + to) == 0 &&
              run("cmake -S '" ORRERY_SOURCE_DIR "/examples/plugin' -B " + build +
                  " -DCMAKE_PREFIX_PATH=" + prefix + to) == 0 &&
              run("cmake --build " + build + to) == 0;
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }

  void SetUp() override { ASSERT_TRUE(built()) << read("log.txt"); }

  static fs::path& folder() {
    static fs::path path;
    return path;
  }
  static bool& built() {
    static bool all = false;
    return all;
  }
  static int run(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  static std::string read(const std::string& name) {
    std::ifstream file(folder() / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  int orrery(const std::string& arguments) {
    const int code = run("cd '" + folder().string() + "' && installed/bin/orrery " + arguments +
                         " >out.txt 2>err.txt </dev/null");
    out_ = read("out.txt");
    err_ = read("err.txt");
    return code;
  }

  std::string out_;
  std::string err_;
};

constexpr const char* kPlugin = "--plugin build/widest_first.so ";

// One processor is busy until 10 s; then the gang of four comes before the single that came first.
constexpr const char* kLog =
    "; MaxProcs: 4\n"
    "1 0 -1 10 1 -1 -1 1 10 -1 1 1 1 -1 -1 -1 -1 -1\n"
    "2 1 -1 10 4 -1 -1 4 10 -1 1 1 1 -1 -1 -1 -1 -1\n"
    "3 1 -1 10 2 -1 -1 2 10 -1 1 1 1 -1 -1 -1 -1 -1\n";

TEST_F(PluginExample, SchedulesAWorkload) {
  std::ofstream(folder() / "log.swf") << kLog;
  ASSERT_EQ(orrery(std::string(kPlugin) + "sim --trace log.swf --policy widest-first --json"), 0)
      << err_;
  // Starts at 0, 10 and 20 s: waits of 0, 9 and 19 s.
  EXPECT_NE(out_.find("\"mean\": 9.333"), std::string::npos) << out_;
  EXPECT_EQ(orrery("sim --trace log.swf --policy widest-first"), 2) << "only with its plugin";
}

TEST_F(PluginExample, IsListedAndChecksItsConfiguration) {
  ASSERT_EQ(orrery(std::string("policies ") + kPlugin), 0) << err_;
  EXPECT_NE(out_.find("widest-first"), std::string::npos) << out_;
  std::ofstream(folder() / "log.swf") << kLog;
  EXPECT_EQ(orrery(std::string(kPlugin) + "sim --trace log.swf --policy widest-first+easy"), 2);
  EXPECT_NE(err_.find("expected none with widest-first"), std::string::npos) << err_;
  EXPECT_EQ(orrery(std::string(kPlugin) + kPlugin + "policies"), 2);
  EXPECT_NE(err_.find("\"widest-first\", which is taken"), std::string::npos) << err_;
}

TEST_F(PluginExample, WhatIsNoPluginIsRefused) {
  EXPECT_EQ(orrery("--plugin nowhere.so policies"), 2);
  EXPECT_NE(err_.find("nowhere.so: expected a plugin"), std::string::npos) << err_;
  std::ofstream(folder() / "text.so") << "no library";
  EXPECT_EQ(orrery("--plugin=text.so policies"), 2);
}

TEST_F(PluginExample, TheWorldsAreInstalledToo) {
  EXPECT_EQ(orrery("check --worlds"), 0) << err_;
}

// A plugin for another version is told from its stamp.
TEST_F(PluginExample, AnotherVersionIsRefused) {
  const std::string header = (folder() / "installed/include/orrery").string();
  ASSERT_EQ(run("c++ -std=c++20 -fPIC -shared '-DORRERY_VERSION=\"9.9.9\"' -I'" + header +
                "' -o '" + (folder() / "other.so").string() +
                "' '" ORRERY_SOURCE_DIR "/examples/plugin/widest_first.cpp'"),
            0);
  EXPECT_EQ(orrery("--plugin other.so policies"), 2);
  EXPECT_NE(err_.find("found one for 9.9.9"), std::string::npos) << err_;
}

}  // namespace
