// A program of ours as a process of its own, which a test may kill and start again.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace orrery::cli {

namespace fs = std::filesystem;

/// A program of ours, started as often as it is needed.
class Program {
 public:
  Program(fs::path log, std::vector<std::string> arguments, std::string preload = "")
      : log_(std::move(log)), arguments_(std::move(arguments)), preload_(std::move(preload)) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { kill(SIGKILL); }

  void start() {
    ASSERT_EQ(pid_, 0);
    begins_ = fs::exists(log_) ? fs::file_size(log_) : 0;
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ > 0) return;
    int out = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
    if (!preload_.empty()) {
      setenv("LD_PRELOAD", preload_.c_str(), 1);
      setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    }
    std::vector<char*> argv{const_cast<char*>(ORRERY_BINARY)};
    for (std::string& one : arguments_) argv.push_back(one.data());
    argv.push_back(nullptr);
    execv(ORRERY_BINARY, argv.data());
    _exit(127);
  }
  /// Ends it and waits for its end.
  void kill(int signal) {
    if (pid_ == 0) return;
    ::kill(pid_, signal);
    waitpid(pid_, &status_, 0);
    pid_ = 0;
  }
  bool up() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }
  int status() const { return status_; }
  /// What it has said since it was last started.
  std::string said() const {
    std::ifstream file(log_);
    file.seekg(static_cast<std::streamoff>(begins_));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// The address behind "people on " in what a controller says; waits for it.
  std::string url() const {
    const std::string mark = "people on ";
    for (int i = 0; i < 3000 && up(); ++i) {
      std::string text = said();
      size_t at = text.find(mark);
      size_t end = at == std::string::npos ? at : text.find('\n', at);
      if (end != std::string::npos) return text.substr(at + mark.size(), end - at - mark.size());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "";
  }

  std::map<std::string, std::string> variables;  ///< of its environment, beside ours

 private:
  fs::path log_;
  std::vector<std::string> arguments_;
  std::string preload_;
  pid_t pid_ = 0;
  int status_ = 0;
  uintmax_t begins_ = 0;
};

}  // namespace orrery::cli
