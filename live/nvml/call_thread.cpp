#include "live/nvml/call_thread.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace orrery::live::nvml {

/// What caller and thread share; the thread keeps it alive for as long as it needs it.
struct CallThread::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> job;  ///< waits to be taken up
  bool busy = false;          ///< a job waits or runs
  bool late = false;          ///< the job that runs has missed its deadline
  bool stop = false;
  bool ended = false;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return job != nullptr || stop; });
      if (stop) break;
      std::function<void()> now = std::move(job);
      job = nullptr;
      lock.unlock();
      now();
      now = nullptr;  // what it owns goes before anyone hears that it is done
      lock.lock();
      busy = false;
      late = false;
      changed.notify_all();
    }
    ended = true;
    changed.notify_all();
  }
};

CallThread::CallThread() : shared_(std::make_shared<Shared>()) {
  // Detached from the start: a thread that hangs can't be joined, and one that does not is waited
  // for by its flag.
  std::thread([shared = shared_] { shared->work(); }).detach();
}

CallThread::~CallThread() {
  std::unique_lock lock(shared_->mutex);
  shared_->stop = true;
  shared_->changed.notify_all();
  shared_->changed.wait(lock, [&] { return shared_->ended || shared_->busy; });
}

CallThread::End CallThread::run(std::function<void()> job, std::chrono::milliseconds deadline) {
  std::unique_lock lock(shared_->mutex);
  if (shared_->busy) return End::kHung;
  shared_->job = std::move(job);
  shared_->busy = true;
  shared_->changed.notify_all();
  if (shared_->changed.wait_for(lock, deadline, [&] { return !shared_->busy; })) return End::kDone;
  shared_->late = true;
  return End::kTimedOut;
}

bool CallThread::hung() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->late;
}

}  // namespace orrery::live::nvml
