// The peer in docs/wire.md, written in another language from the page alone, works.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "live/wire/gateway.hpp"
#include "tests/wire/party.hpp"

namespace orrery::live {
namespace {

/// The first Python program on the page.
std::string program_of_the_page() {
  std::ostringstream buffer;
  buffer << std::ifstream(ORRERY_SOURCE_DIR "/docs/wire.md").rdbuf();
  const std::string page = buffer.str();
  const std::string fence = "```python\n";
  size_t begin = page.find(fence);
  if (begin == std::string::npos) return "";
  begin += fence.size();
  return page.substr(begin, page.find("```", begin) - begin);
}

/// A Python program that is killed when the value goes.
class Python {
 public:
  explicit Python(const std::string& program) {
    std::string name = "/usr/bin/python3";
    std::string flag = "-c";
    std::string text = program;
    char* arguments[] = {name.data(), flag.data(), text.data(), nullptr};
    if (::posix_spawn(&pid_, name.c_str(), nullptr, nullptr, arguments, environ) != 0) pid_ = -1;
  }
  Python(const Python&) = delete;
  Python& operator=(const Python&) = delete;
  ~Python() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

TEST(Stranger, CanWriteAPeerFromThePage) {
  if (std::system("/usr/bin/python3 -c 'import zmq, msgpack' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-zmq and python3-msgpack are not installed";
  }
  JobSpec spec;
  spec.id = {5};
  Party controller(server_config());
  std::string program = program_of_the_page();
  const std::string address = "tcp://127.0.0.1:7601";
  size_t at = program.find(address);
  ASSERT_NE(at, std::string::npos);
  Python peer(program.replace(at, address.size(), controller.gateway().endpoint()));
  ASSERT_TRUE(controller.wait_up());
  // The spec travels with the first and not with the second.
  for (Epoch epoch = 1; epoch <= 2; ++epoch) {
    controller.gateway().send(controller.seen().up[0].id,
                              {kController, {1, 0}, StartTask{&spec, epoch, 3, 4, 1, 0, {}}});
    ASSERT_TRUE(controller.wait([&](const Seen& s) { return s.mail.size() == 2 * epoch; }));
  }
  Seen seen = controller.seen();
  const auto& started = std::get<TaskStarted>(seen.mail[0].second.message);
  const auto& ended = std::get<TaskEnded>(seen.mail[3].second.message);
  EXPECT_EQ(started.job.index, 5u);
  EXPECT_EQ(started.part, 3u);
  EXPECT_EQ(ended.job.index, 5u);
  EXPECT_EQ(ended.epoch, 2u);
  EXPECT_EQ(ended.cause, ExitCause::kDone);
}

}  // namespace
}  // namespace orrery::live
