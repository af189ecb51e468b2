// Stories: the built binary run as a user runs it, each a small text file under stories/.
//
//   # what the story shows
//   --- log.swf           a file that the story needs, up to the line "---"
//   ...
//   ---
//   $ orrery sim x.yaml   a command line, for the shell, in a folder of its own
//   jobs 3                what it prints on stdout
//   ! orrery: ...         what it prints on stderr
//   => 2                  its exit code
//
// ORRERY_REWRITE=1 writes down what the binary does now; read the difference before you commit it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Stage {
 public:
  explicit Stage(const std::string& name)
      : root_(fs::temp_directory_path() /
              ("orrery-story-" + name + "-" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "work");
  }
  ~Stage() { fs::remove_all(root_); }

  void add_file(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / "work" / name).parent_path());
    std::ofstream(root_ / "work" / name, std::ios::binary) << text;
  }

  // The lines of a story that tell what `command` did.
  std::string told(const std::string& command) {
    add_script(command);
    std::string call =
        "cd '" + (root_ / "work").string() + "' && sh ../command >../out 2>../err </dev/null";
    int status = std::system(call.c_str());
    std::string text;
    for (const std::string& line : lines_of(read_all(root_ / "out"))) text += line + "\n";
    for (const std::string& line : lines_of(read_all(root_ / "err"))) text += "! " + line + "\n";
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return text + "=> " + std::to_string(code) + "\n";
  }

 private:
  void add_script(const std::string& command) {
    std::string folder = fs::path(ORRERY_BINARY).parent_path().string();
    std::ofstream(root_ / "command") << "PATH='" << folder << "':$PATH\n" << command << "\n";
  }

  fs::path root_;
};

// Plays the story and returns it as it ought to be written.
std::string played(const std::string& name, const std::string& story) {
  Stage stage(name);
  std::string out;
  std::vector<std::string> lines = lines_of(story);
  for (size_t i = 0; i < lines.size();) {
    const std::string& line = lines[i++];
    out += line + "\n";
    if (line.starts_with("--- ")) {
      std::string text;
      while (i < lines.size() && lines[i] != "---") text += lines[i++] + "\n";
      stage.add_file(line.substr(4), text);
      out += text + "---\n";
      ++i;
    } else if (line.starts_with("$ ")) {
      while (i < lines.size() && !lines[i].starts_with("=> ") && !lines[i].starts_with("$ ")) ++i;
      if (i < lines.size() && lines[i].starts_with("=> ")) ++i;
      out += stage.told(line.substr(2));
    }
  }
  return out;
}

std::vector<std::string> story_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(ORRERY_SOURCE_DIR "/tests/cli/stories")) {
    if (entry.path().extension() == ".story") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Story : public testing::TestWithParam<std::string> {};

TEST_P(Story, IsStillTrue) {
  fs::path file = fs::path(ORRERY_SOURCE_DIR) / "tests/cli/stories" / (GetParam() + ".story");
  std::string written = read_all(file);
  ASSERT_FALSE(written.empty()) << file;
  std::string now = played(GetParam(), written);
  if (std::getenv("ORRERY_REWRITE") != nullptr) {
    std::ofstream(file, std::ios::binary) << now;
    return;
  }
  EXPECT_EQ(now, written) << "ORRERY_REWRITE=1 writes down what the binary does now";
}

INSTANTIATE_TEST_SUITE_P(Cli, Story, testing::ValuesIn(story_names()), [](const auto& story) {
  std::string name = story.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
