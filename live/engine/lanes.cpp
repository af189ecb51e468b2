#include "live/engine/lanes.hpp"

#include <algorithm>

namespace orrery::live {

Lanes::Lanes(unsigned threads, std::function<void(const ContainerKey&)> deed)
    : deed_(std::move(deed)) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Lanes::post(const ContainerKey& key, Clock::time_point due) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  Lane& lane = lanes_[key];
  lane.due = std::min(lane.due, due);
  changed_.notify_one();
}

void Lanes::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Lanes::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto next = lanes_.end();
    for (auto lane = lanes_.begin(); lane != lanes_.end(); ++lane) {
      if (lane->second.running) continue;
      if (next == lanes_.end() || lane->second.due < next->second.due) next = lane;
    }
    if (next == lanes_.end() || next->second.due == Clock::time_point::max()) {
      changed_.wait(lock);
      continue;
    }
    if (next->second.due > Clock::now()) {
      // By value: another thread may do that deed and erase the lane meanwhile.
      const Clock::time_point due = next->second.due;
      changed_.wait_until(lock, due);
      continue;
    }
    const ContainerKey key = next->first;
    next->second = {Clock::time_point::max(), true};
    lock.unlock();
    deed_(key);
    lock.lock();
    const auto done = lanes_.find(key);
    done->second.running = false;
    if (done->second.due == Clock::time_point::max())
      lanes_.erase(done);
    else
      changed_.notify_one();
  }
}

}  // namespace orrery::live
