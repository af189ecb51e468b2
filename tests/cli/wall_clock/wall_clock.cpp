// A wall clock that somebody sets forth and back, for one process: preloaded, it moves what the
// process reads of it by an hour, this way for a while and that way for the next. The monotonic
// clock is left alone.
#include <ctime>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

int read_clock(clockid_t clock, timespec* out) {
  return static_cast<int>(syscall(SYS_clock_gettime, clock, out));
}

void move(timespec* wall) {
  timespec now{};
  read_clock(CLOCK_MONOTONIC, &now);
  const long long quarters = now.tv_sec * 4 + now.tv_nsec / 250'000'000;
  wall->tv_sec += quarters % 2 == 0 ? 3600 : -3600;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* out) {
  const int result = read_clock(clock, out);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) move(out);
  return result;
}

extern "C" int gettimeofday(timeval* out, void* /*zone*/) {
  timespec wall{};
  const int result = clock_gettime(CLOCK_REALTIME, &wall);
  out->tv_sec = wall.tv_sec;
  out->tv_usec = wall.tv_nsec / 1000;
  return result;
}

extern "C" time_t time(time_t* out) {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  if (out != nullptr) *out = wall.tv_sec;
  return wall.tv_sec;
}
