// CallThread: a thread for calls that may never come back.
//
// A driver in trouble keeps a thread in the kernel for ever, where no signal reaches it. So whoever
// asks waits for a deadline only; the thread stays behind with everything that the call may still
// write to, and the process lives on.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace orrery::live::nvml {

class CallThread {
 public:
  CallThread();
  /// Ends the thread; one that hangs is left behind.
  ~CallThread();
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;

  enum class End : uint8_t { kDone, kTimedOut, kHung };

  /// Runs `job` on the thread and waits for it, `deadline` at most. kTimedOut: it did not come back
  /// in time and may still run. kHung: not tried, since an earlier job is still in there. `job`
  /// must own all that it touches and must not throw. One caller at a time.
  End run(std::function<void()> job, std::chrono::milliseconds deadline);

  /// True while a job that has missed its deadline is still in there.
  bool hung() const;

  /// run() for a job that gives a value; nothing when it missed the deadline or was not tried.
  template <class T>
  std::optional<T> ask(std::function<T()> job, std::chrono::milliseconds deadline, End& end) {
    auto slot = std::make_shared<std::optional<T>>();
    end = run([slot, job = std::move(job)] { *slot = job(); }, deadline);
    // After a missed deadline the slot belongs to the job that may still write to it.
    if (end != End::kDone) return std::nullopt;
    return std::move(*slot);
  }

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace orrery::live::nvml
