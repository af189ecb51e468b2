// The parts of FakeEngine that last: streams of events and logs, waits, and programs that run.
#include <array>
#include <charconv>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engine/fake_engine.hpp"

namespace orrery::live::testing_support {
namespace {

/// How often what ends without a word is looked at.
constexpr std::chrono::milliseconds kTick{10};

std::string frame(char stream, std::string_view text) {
  std::string bytes(8, '\0');
  bytes[0] = stream;
  for (size_t i = 0; i < 4; ++i) bytes[7 - i] = static_cast<char>(text.size() >> 8U * i & 0xFFU);
  return bytes.append(text);
}

int64_t since_of(const std::string& text) {
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  const size_t dot = text.find('.');
  std::from_chars(text.data(), text.data() + std::min(dot, text.size()), seconds);
  if (dot != std::string::npos) {
    std::from_chars(text.data() + dot + 1, text.data() + text.size(), nanoseconds);
  }
  return seconds * 1'000'000'000 + nanoseconds;
}

bool wanted(const nlohmann::json& event, const nlohmann::json& filters, int64_t since) {
  if (event["timeNano"] < since) return false;
  for (const std::string label : filters["label"]) {
    const size_t equals = label.find('=');
    if (event["Actor"]["Attributes"].value(label.substr(0, equals), "") !=
        label.substr(equals + 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace

void FakeEngine::stream_events(const HttpRequest& request, Connection& connection) {
  const Json filters = Json::parse(request.query.at("filters"));
  const int64_t since = since_of(request.query.at("since"));
  if (!connection.begin_stream()) return;
  std::unique_lock lock(mutex_);
  const uint64_t epoch = streams_epoch_;
  size_t sent = 0;
  while (!closing_ && epoch == streams_epoch_) {
    std::string lines;
    for (; sent < events_.size(); ++sent) {
      if (wanted(events_[sent], filters, since)) lines += events_[sent].dump() + "\n";
    }
    lock.unlock();
    const bool there = connection.send(lines) && !connection.over();
    lock.lock();
    if (!there) return;
    changed_.wait_for(lock, kTick, [&] { return closing_ || sent < events_.size(); });
  }
}

void FakeEngine::stream_logs(const Handle& container, bool follow, Connection& connection) {
  if (!connection.begin_stream()) return;
  size_t sent = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::string news = container->frames.substr(sent);
    const bool last = !follow || container->state == "exited" || closing_;
    sent += news.size();
    lock.unlock();
    if (!connection.send(news) || connection.over() || last) return;
    lock.lock();
    changed_.wait_for(lock, kTick);
  }
}

void FakeEngine::wait_for(const Handle& container, Connection& connection) {
  std::unique_lock lock(mutex_);
  while (!closing_ && container->state != "exited" && !connection.over()) {
    changed_.wait_for(lock, kTick);
  }
  const int code = container->exit_code;
  lock.unlock();
  connection.answer(200, Json{{"StatusCode", code}, {"Error", nullptr}}.dump());
}

void FakeEngine::keep(const Handle& container, int out, int err) {
  std::array<pollfd, 2> pipes{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  int status = 0;
  bool ended = false;
  const auto drain = [&](int timeout_ms) {
    if (::poll(pipes.data(), pipes.size(), timeout_ms) <= 0) return false;
    bool got_any = false;
    for (size_t i = 0; i < pipes.size(); ++i) {
      char bytes[4096];
      if ((pipes[i].revents & (POLLIN | POLLHUP)) == 0) continue;
      const ssize_t got = ::read(pipes[i].fd, bytes, sizeof bytes);
      if (got <= 0) {
        pipes[i].fd = -1;
        continue;
      }
      got_any = true;
      const std::lock_guard lock(mutex_);
      container->frames += frame(static_cast<char>(i + 1), {bytes, static_cast<size_t>(got)});
      changed_.notify_all();
    }
    return got_any;
  };
  while (!ended) {
    drain(static_cast<int>(kTick.count()));
    // Not reaped yet, so that nobody signals another process of that number.
    siginfo_t info{};
    ended = ::waitid(P_PID, static_cast<id_t>(container->pid), &info,
                     WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == container->pid;
  }
  // As the end of process 1 ends its namespace.
  ::kill(-container->pid, SIGKILL);
  while (drain(0)) {
  }
  ::close(out);
  ::close(err);
  const std::lock_guard lock(mutex_);
  ::waitpid(container->pid, &status, 0);
  container->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  container->state = "exited";
  container->pid = 0;
  tell(*container, "die");
}

}  // namespace orrery::live::testing_support
