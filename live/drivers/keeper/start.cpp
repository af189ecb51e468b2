#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/drivers/keeper/keeper.hpp"

extern char** environ;

namespace orrery::live::keeper {
namespace {

/// What a child that cannot become the program tells its parent through a pipe.
enum Step : int { kJoin, kSignals, kDirectory, kLog, kExec, kMount, kFork };

const char* words_of(int step) {
  switch (step) {
    case kJoin: return "join its cgroup";
    case kSignals: return "tie its life to its keeper's";
    case kDirectory: return "enter its working directory";
    case kLog: return "open its log file";
    case kExec: return "run its program";
    case kMount: return "mount /proc in its namespaces";
    default: return "make a process";
  }
}

struct Failure {
  int step;
  int error;
};

[[noreturn]] void fail(int pipe, int step) {
  const Failure failure{step, errno};
  if (write(pipe, &failure, sizeof failure) < 0) _exit(126);
  _exit(127);
}

char* read_whole(const char* path, size_t& size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat found {};
  if (fd < 0 || fstat(fd, &found) != 0) return nullptr;
  char* text = static_cast<char*>(malloc(static_cast<size_t>(found.st_size) + 1));
  size = 0;
  ssize_t got = 0;
  while (text != nullptr && size < static_cast<size_t>(found.st_size) &&
         (got = read(fd, text + size, static_cast<size_t>(found.st_size) - size)) > 0) {
    size += static_cast<size_t>(got);
  }
  close(fd);
  if (text != nullptr) text[size] = '\0';
  return text;
}

/// The process must not outlive its keeper, who alone knows how to end the container. A keeper that
/// is dead already has closed the other end of the pipe.
void die_with_parent(int pipe) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(pipe, kSignals);
  pollfd other{pipe, POLLOUT, 0};
  if (poll(&other, 1, 0) == 1 && (other.revents & POLLERR) != 0) _exit(126);
}

void join_groups(const Order& order, int pipe) {
  for (char** group = order.groups; *group != nullptr; ++group) {
    const int fd = open(*group, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1) fail(pipe, kJoin);
    close(fd);
  }
}

[[noreturn]] void become_program(const Order& order, int pipe) {
  die_with_parent(pipe);
  setsid();
  const int log = open(order.log == nullptr ? "/dev/null" : order.log,
                       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (log < 0) fail(pipe, kLog);
  dup2(log, 1);
  dup2(log, 2);
  if (order.directory != nullptr && chdir(order.directory) != 0) fail(pipe, kDirectory);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  environ = order.environment;
  execvp(order.arguments[0], order.arguments);
  fail(pipe, kExec);
}

/// The first process of a pid namespace: when it ends, the kernel ends all others there.
[[noreturn]] void be_first(const Order& order, int pipe, int result) {
  die_with_parent(pipe);
  if (unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    fail(pipe, kMount);
  }
  const pid_t program = fork();
  if (program < 0) fail(pipe, kFork);
  if (program == 0) become_program(order, pipe);
  close(pipe);
  prctl(PR_SET_NAME, "orrery-first");
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  sigaddset(&wanted, SIGTERM);
  while (true) {
    int signal = 0;
    if (sigwait(&wanted, &signal) != 0) continue;
    if (signal == SIGTERM) kill(-program, SIGTERM);
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != program) continue;
      _exit(write(result, &status, sizeof status) == sizeof status ? 0 : 1);
    }
  }
}

}  // namespace

bool read_order(const char* path, Order& order) {
  size_t size = 0;
  char* text = read_whole(path, size);
  if (text == nullptr) return false;
  size_t strings = 0;
  for (size_t i = 0; i < size; ++i) strings += text[i] == '\0' ? 1U : 0U;
  const auto list = [&] { return static_cast<char**>(calloc(strings + 1, sizeof(char*))); };
  order.arguments = list();
  order.environment = list();
  order.groups = list();
  if (order.arguments == nullptr || order.environment == nullptr || order.groups == nullptr) {
    return false;
  }
  char** argument = order.arguments;
  char** entry = order.environment;
  char** group = order.groups;
  for (char* at = text; at < text + size; at += strlen(at) + 1) {
    char* value = at + 1;
    switch (*at) {
      case 'a': *argument++ = value; break;
      case 'e': *entry++ = value; break;
      case 'g': *group++ = value; break;
      case 'd': order.directory = value; break;
      case 'l': order.log = value; break;
      case 'f': order.freeze = value; break;
      case 'k': order.kill = value; break;
      case 'n': order.namespaces = true; break;
      case 'c': break;
      default: return false;
    }
  }
  return order.arguments[0] != nullptr;
}

Program start_program(const Order& order, Trouble& trouble) {
  Program program;
  int told[2];
  int result[2];
  if (pipe2(told, O_CLOEXEC) != 0 || pipe2(result, O_CLOEXEC) != 0) {
    trouble = {"make a pipe", errno};
    return program;
  }
  bool apart = order.namespaces;
  if (apart && unshare(CLONE_NEWPID) != 0) {
    trouble = {"make a pid namespace", errno};
    apart = false;
  }
  const pid_t pid = fork();
  if (pid == 0) {
    close(told[0]);
    join_groups(order, told[1]);
    if (apart) be_first(order, told[1], result[1]);
    become_program(order, told[1]);
  }
  const int fork_error = errno;
  close(told[1]);
  close(result[1]);
  program.result = result[0];
  Failure failure{kFork, fork_error};
  // Nothing comes from a child that became the program: the pipe closes as it does.
  if (pid < 0 || read(told[0], &failure, sizeof failure) == sizeof failure) {
    trouble = {words_of(failure.step), failure.error};
    if (pid > 0) waitpid(pid, nullptr, 0);
  } else {
    program.pid = pid;
  }
  close(told[0]);
  return program;
}

int real_status(const Program& program, int status) {
  int real = 0;
  return read(program.result, &real, sizeof real) == sizeof real ? real : status;
}

}  // namespace orrery::live::keeper
