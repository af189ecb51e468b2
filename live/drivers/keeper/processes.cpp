#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "live/drivers/keeper/keeper.hpp"

namespace orrery::live::keeper {
namespace {

constexpr int64_t kFreezeMs = 10'000;

struct Process {
  pid_t pid;
  pid_t parent;
  char state;
  bool ours;
};

/// The fields of /proc/PID/stat behind the name, which may itself hold blanks and brackets.
bool read_stat(const char* pid, char* buffer, size_t size, const char*& behind_name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = read(fd, buffer, size - 1);
  close(fd);
  if (got <= 0) return false;
  buffer[got] = '\0';
  const char* end = strrchr(buffer, ')');
  if (end == nullptr) return false;
  behind_name = end + 1;
  return true;
}

class Descendants {
 public:
  Descendants() {
    list();
    // A parent may stand behind its child: as often as something new was found.
    for (bool found = true; found;) {
      found = false;
      for (size_t i = 0; i < count_; ++i) {
        if (all_[i].ours || !is_ours(all_[i].parent)) continue;
        all_[i].ours = true;
        found = true;
      }
    }
  }
  Descendants(const Descendants&) = delete;
  Descendants& operator=(const Descendants&) = delete;
  ~Descendants() { free(all_); }

  void signal(int number) const {
    for (size_t i = 0; i < count_; ++i) {
      if (all_[i].ours) kill(all_[i].pid, number);
    }
  }

  bool all_stand_still() const {
    for (size_t i = 0; i < count_; ++i) {
      // D: it waits in the kernel, for a disk or for a child of vfork() that is stopped itself, and
      // stops when it comes back from there.
      if (all_[i].ours && strchr("TtZXD", all_[i].state) == nullptr) return false;
    }
    return true;
  }

 private:
  bool is_ours(pid_t parent) const {
    if (parent == getpid()) return true;
    // The kernel lists processes by rising pid.
    size_t low = 0;
    size_t high = count_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (all_[middle].pid < parent) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < count_ && all_[low].pid == parent && all_[low].ours;
  }

  void list() {
    DIR* proc = opendir("/proc");
    if (proc == nullptr) return;
    while (const dirent* entry = readdir(proc)) {
      if (isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
      char buffer[1024];
      const char* fields = nullptr;
      if (!read_stat(entry->d_name, buffer, sizeof buffer, fields)) continue;
      Process process{static_cast<pid_t>(strtol(entry->d_name, nullptr, 10)), 0, '?', false};
      if (sscanf(fields, " %c %d", &process.state, &process.parent) == 2) add(process);
    }
    closedir(proc);
  }

  void add(const Process& process) {
    if (count_ == room_) {
      const size_t room = room_ == 0 ? 256 : 2 * room_;
      void* more = realloc(all_, room * sizeof(Process));
      if (more == nullptr) return;
      all_ = static_cast<Process*>(more);
      room_ = room;
    }
    all_[count_++] = process;
  }

  Process* all_ = nullptr;
  size_t count_ = 0;
  size_t room_ = 0;
};

bool write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = write(fd, text, strlen(text)) == static_cast<ssize_t>(strlen(text));
  close(fd);
  return done;
}

bool file_holds(const char* path, const char* text) {
  char buffer[512];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = read(fd, buffer, sizeof buffer - 1);
  close(fd);
  if (got < 0) return false;
  buffer[got] = '\0';
  return strstr(buffer, text) != nullptr;
}

bool is_v1(const char* freeze_file) { return strstr(freeze_file, "freezer.state") != nullptr; }

/// True once the kernel says that all processes of the group stand still.
bool is_frozen(const char* freeze_file) {
  if (is_v1(freeze_file)) return file_holds(freeze_file, "FROZEN");
  char events[4096];
  snprintf(events, sizeof events, "%s", freeze_file);
  char* name = strrchr(events, '/');
  if (name == nullptr) return false;
  snprintf(name, sizeof events - static_cast<size_t>(name - events), "/cgroup.events");
  return file_holds(events, "frozen 1");
}

void nap() { usleep(1000); }

}  // namespace

void ask_program(const Program& program) {
  // The first process of a namespace passes it on; it is no leader of a group of its own.
  if (getpgid(program.pid) == program.pid) {
    kill(-program.pid, SIGTERM);
  } else {
    kill(program.pid, SIGTERM);
  }
}

bool freeze(const Order& order) {
  const int64_t end = now_ms() + kFreezeMs;
  while (now_ms() < end) {
    if (order.freeze != nullptr) {
      // v1 may fall back while processes start: it wants to be asked again.
      if (!write_file(order.freeze, is_v1(order.freeze) ? "FROZEN" : "1")) return false;
      if (is_frozen(order.freeze)) return true;
    } else {
      Descendants().signal(SIGSTOP);
      if (Descendants().all_stand_still()) return true;
    }
    nap();
  }
  return false;
}

void thaw(const Order& order) {
  if (order.freeze != nullptr) {
    write_file(order.freeze, is_v1(order.freeze) ? "THAWED" : "0");
  } else {
    Descendants().signal(SIGCONT);
  }
}

void kill_everything(const Order& order) {
  if (order.kill != nullptr) write_file(order.kill, "1");
  Descendants().signal(SIGKILL);
  // A process that v1 has frozen dies only when it is thawed.
  if (order.freeze != nullptr && is_v1(order.freeze)) thaw(order);
}

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

unsigned long long start_time_of(pid_t pid) {
  char name[24];
  snprintf(name, sizeof name, "%d", pid);
  char buffer[1024];
  const char* fields = nullptr;
  if (!read_stat(name, buffer, sizeof buffer, fields)) return 0;
  // Field 22 of proc(5); the first behind the name is field 3.
  unsigned long long start = 0;
  for (int field = 3; field < 22; ++field) {
    fields = strchr(fields + 1, ' ');
    if (fields == nullptr) return 0;
  }
  return sscanf(fields, " %llu", &start) == 1 ? start : 0;
}

}  // namespace orrery::live::keeper
