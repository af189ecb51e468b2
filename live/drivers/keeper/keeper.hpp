// What the keeper of a container does to processes: start them, freeze them, end them all.
//
// Plain functions over POSIX, without the C++ library (see main.cpp).
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace orrery::live::keeper {

/// The order of a container as the engine has written it down: a sequence of tagged strings, each
/// ended by a zero byte. Tags are listed at read_order().
struct Order {
  char** arguments = nullptr;    ///< ends with null
  char** environment = nullptr;  ///< ends with null
  const char* directory = nullptr;
  const char* log = nullptr;
  char** groups = nullptr;       ///< cgroup.procs files to join; ends with null
  const char* freeze = nullptr;  ///< freezer.state (v1) or cgroup.freeze (v2); null: by SIGSTOP
  const char* kill = nullptr;    ///< cgroup.kill; null: each process by itself
  bool namespaces = false;       ///< pid, mount and ipc
};

/// What could not be done; `step` null: nothing.
struct Trouble {
  const char* step = nullptr;
  int error = 0;
};

struct Program {
  pid_t pid = -1;   ///< the program, or the first process of its pid namespace
  int result = -1;  ///< where that first process tells how the program has ended; -1: none
};

/// a argument, e environment entry, d directory, l log, g file to join, f freeze file, k kill file,
/// n namespaces; c is for the engine alone.
bool read_order(const char* path, Order& order);

/// Starts the program in a session of its own. pid < 0 where it could not be started, with the
/// trouble; a trouble beside a pid is one that it can live with.
Program start_program(const Order& order, Trouble& trouble);
/// The wait status of the program, from that of the child that stands for it.
int real_status(const Program& program, int status);

/// SIGTERM to the program's process group.
void ask_program(const Program& program);
/// Freezes all processes of the container; false where some still run after ten seconds.
bool freeze(const Order& order);
void thaw(const Order& order);
/// SIGKILL to all processes of the container. Those that fork meanwhile need another call.
void kill_everything(const Order& order);

/// Milliseconds of the clock that no one sets.
int64_t now_ms();
/// When a process was started, in ticks since boot: with its pid, its identity. 0: gone.
unsigned long long start_time_of(pid_t pid);

}  // namespace orrery::live::keeper
