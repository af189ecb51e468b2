// Actors for tests of the live runtime, and a tap that keeps what it sees.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "live/runtime.hpp"

namespace orrery::live::test {

inline constexpr std::chrono::seconds kPatience{30};

/// An actor that does what it is given.
class Puppet final : public Actor {
 public:
  using Act = std::function<void(Instant now, const Input& input, Outbox& out)>;
  explicit Puppet(Act act) : act_(std::move(act)) {}
  void step(Instant now, const Input& input, Outbox& out) override { act_(now, input, out); }
  std::unique_ptr<Actor> clone() const override { return std::make_unique<Puppet>(*this); }

 private:
  Act act_;
};

/// A letter with a number on it.
inline CancelJob letter(uint32_t number) { return CancelJob{{number}}; }
inline Input mail(uint32_t number) { return Delivery{{0, 1}, letter(number)}; }
inline uint32_t number_of(const Input& input) {
  return std::get<CancelJob>(std::get<Delivery>(input).message).job.index;
}
inline bool is_timer(const Input& input) { return std::holds_alternative<Expiry>(input); }

class Diary final : public Tap {
 public:
  struct Line {
    Instant at;
    ActorId actor;
    Input input;
  };
  void input(Instant at, ActorId to, const Input& input) override {
    std::lock_guard lock(mutex_);
    lines_.push_back({at, to, input});
    changed_.notify_all();
  }
  void note(Instant /*at*/, ActorId /*from*/, const Note& note) override {
    std::lock_guard lock(mutex_);
    if (std::holds_alternative<JobEnded>(note)) ++jobs_ended_;
    changed_.notify_all();
  }

  /// False when that many inputs do not come.
  bool wait_for(size_t inputs) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return lines_.size() >= inputs; });
  }
  bool wait_for_ends(size_t jobs) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return jobs_ended_ >= jobs; });
  }
  std::vector<Line> lines() const {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  std::vector<Line> of(ActorId actor) const {
    std::vector<Line> found;
    for (const Line& line : lines()) {
      if (line.actor == actor) found.push_back(line);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
  size_t jobs_ended_ = 0;
};

}  // namespace orrery::live::test
