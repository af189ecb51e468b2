// The keeper: the tiny parent of one container of plain processes.
//
//   orrery-keeper CONTAINER_FOLDER STATUS_FILE
//
// It outlives the engine that started it. It takes the lock of the status file (who has it is the
// one keeper of that container), starts the program that CONTAINER_FOLDER/order describes, obeys
// the lines that arrive in the FIFO CONTAINER_FOLDER/control, and appends what happens to the
// status file. A status file that is not empty belongs to a program that was started before: then,
// and when the lock is taken, it leaves at once, so that no program is ever started twice.
//
// Linked statically and without the C++ library: it starts in less than a millisecond, stays small
// however many there are, and needs no file of the engine. One thread; malloc'ed memory is kept
// until the end.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/drivers/keeper/keeper.hpp"

namespace orrery::live::keeper {
namespace {

constexpr int64_t kNever = INT64_MAX;

/// The status file of the container; see live/drivers/process_record.hpp for its lines.
class Status {
 public:
  /// False where another keeper has the lock, or a program was started before.
  bool open(const char* path) {
    fd_ = ::open(path, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) return false;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    if (fcntl(fd_, F_OFD_SETLK, &lock) != 0) return false;
    struct stat found {};
    return fstat(fd_, &found) == 0 && found.st_size == 0;
  }

  /// One line, on the disk when this returns true. False: no room; nothing was added.
  bool add(const char* line) {
    const ssize_t size = static_cast<ssize_t>(strlen(line));
    struct stat before {};
    if (fstat(fd_, &before) != 0) return false;
    const ssize_t done = write(fd_, line, static_cast<size_t>(size));
    // A part of a line would spoil the next one; that it can't be cut off is no worse.
    if (done > 0 && done < size && ftruncate(fd_, before.st_size) != 0) return false;
    return done == size && fsync(fd_) == 0;
  }

  /// As add(), but waits for room on a full disk, for ten minutes at most: without its end a
  /// container counts as crashed.
  void add_end(const char* line) {
    for (int second = 0; !add(line) && second < 600; ++second) sleep(1);
  }

 private:
  int fd_ = -1;
};

/// Makes the entry of a file in its folder durable.
void sync_folder_of(const char* path) {
  char folder[4096];
  snprintf(folder, sizeof folder, "%s", path);
  char* slash = strrchr(folder, '/');
  if (slash != nullptr) *slash = '\0';
  const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

class Keeper {
 public:
  Keeper(const Order& order, Status& status, int control, int children)
      : order_(order), status_(status), control_(control), children_(children) {}

  /// Starts the program; false, with a line in the status, where that fails.
  bool launch() {
    Trouble trouble{};
    program_ = start_program(order_, trouble);
    char line[512];
    if (trouble.step != nullptr) {
      snprintf(line, sizeof line, "%s %s: %s\n", program_.pid < 0 ? "cannot" : "trouble",
               trouble.step, strerror(trouble.error));
      status_.add(line);
    }
    if (program_.pid < 0) return false;
    snprintf(line, sizeof line, "started %d %llu\n", program_.pid, start_time_of(program_.pid));
    status_.add(line);
    return true;
  }

  /// Returns when the program and all that came of it has ended.
  void run() {
    while (!ended_) {
      pollfd waits[] = {{children_, POLLIN, 0}, {control_, POLLIN, 0}};
      poll(waits, 2, wait_ms());
      reap();
      if (!ended_) obey();
      if (!ended_ && now_ms() >= deadline_) {
        deadline_ = kNever;
        kill_everything(order_);
      }
    }
    sweep();
    int code = WIFSIGNALED(wait_status_) ? 128 + WTERMSIG(wait_status_) : WEXITSTATUS(wait_status_);
    const int signal = WIFSIGNALED(wait_status_) ? WTERMSIG(wait_status_) : 0;
    char line[128];
    snprintf(line, sizeof line, "exited %d %d %d\n", code, signal, asked_ ? 1 : 0);
    status_.add_end(line);
  }

 private:
  int wait_ms() const {
    if (deadline_ == kNever) return -1;
    const int64_t left = deadline_ - now_ms();
    if (left <= 0) return 0;
    return left > 60'000 ? 60'000 : static_cast<int>(left);
  }

  /// Takes the ends of all children; those of the program's descendants come here as well, because
  /// this process is their sub-reaper. False when there are no children any more.
  bool reap() {
    signalfd_siginfo info[8];
    while (read(children_, info, sizeof info) > 0) {
    }
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != program_.pid) continue;
      ended_ = true;
      wait_status_ = real_status(program_, status);
    }
    return pid == 0;
  }

  /// Ends all that the program has left behind.
  void sweep() {
    kill_everything(order_);
    while (reap()) {
      pollfd wait{children_, POLLIN, 0};
      poll(&wait, 1, 20);
      kill_everything(order_);
    }
  }

  void obey() {
    char buffer[512];
    ssize_t size = 0;
    while ((size = read(control_, buffer, sizeof buffer)) > 0) {
      for (ssize_t i = 0; i < size; ++i) {
        if (buffer[i] != '\n' && length_ + 1 < sizeof line_) {
          line_[length_++] = buffer[i];
          continue;
        }
        line_[length_] = '\0';
        length_ = 0;
        obey_line();
      }
    }
  }

  void obey_line() {
    switch (line_[0]) {
      case 'k':
        asked_ = true;
        deadline_ = now_ms();
        break;
      case 's': ask_to_end(strtoll(line_ + 1, nullptr, 10)); break;
      case 'z': suspend(); break;
      case 'r': resume(); break;
      default: break;
    }
  }

  void ask_to_end(int64_t grace_ms) {
    asked_ = true;
    thaw(order_);
    suspended_ = false;
    if (grace_ms < 0) grace_ms = 0;
    const int64_t end = now_ms() + grace_ms;
    if (end < deadline_) deadline_ = end;  // asking again gives no more time
    ask_program(program_);
  }

  void suspend() {
    if (!suspended_ && !freeze(order_)) {
      status_.add("trouble not all of its processes can be frozen\n");
      thaw(order_);
      return;
    }
    suspended_ = true;
    status_.add("suspended\n");
  }

  void resume() {
    if (suspended_) thaw(order_);
    suspended_ = false;
    char line[64];
    snprintf(line, sizeof line, "started %d %llu\n", program_.pid, start_time_of(program_.pid));
    status_.add(line);
  }

  const Order& order_;
  Status& status_;
  int control_;
  int children_;
  Program program_;
  bool ended_ = false;
  int wait_status_ = 0;
  bool asked_ = false;
  bool suspended_ = false;
  int64_t deadline_ = kNever;  ///< when what was asked to end is killed; of now_ms()
  char line_[64] = {};
  size_t length_ = 0;
};

void detach() {
  setsid();
  if (chdir("/") != 0) _exit(1);
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  close_range(3, ~0U, 0);
  prctl(PR_SET_NAME, "orrery-keeper");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/// Blocks all signals (nothing but SIGKILL is to end a keeper) and returns where children tell.
int watch_children() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

int keep(const char* folder, const char* status_path) {
  detach();
  const int children = watch_children();
  Status status;
  if (!status.open(status_path)) return 0;
  char text[4096];
  snprintf(text, sizeof text, "starting %d %llu\n", getpid(), start_time_of(getpid()));
  status.add(text);
  // Also the claim itself, made by the engine, is durable before the program runs.
  sync_folder_of(status_path);
  sync_folder_of(folder);
  snprintf(text, sizeof text, "%s/control", folder);
  const int control = open(text, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  snprintf(text, sizeof text, "%s/order", folder);
  Order order{};
  if (children < 0 || control < 0 || !read_order(text, order)) {
    status.add("cannot read the order of the container\n");
    return 1;
  }
  Keeper keeper(order, status, control, children);
  if (keeper.launch()) keeper.run();
  return 0;
}

}  // namespace
}  // namespace orrery::live::keeper

int main(int argc, char** argv) {
  return argc == 3 ? orrery::live::keeper::keep(argv[1], argv[2]) : 2;
}
