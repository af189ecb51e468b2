#include "live/nvml/event_thread.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace orrery::live::nvml {

namespace {

// ECC errors are counted by the readings; those that matter at once come as XIDs too.
constexpr uint64_t kWanted = kEventXid;
/// How long one wait of NVML takes at most, in ms: as long as a stop may have to wait.
constexpr uint32_t kSlice = 100;
constexpr std::chrono::milliseconds kPause{100};  // after a wait that failed at once

}  // namespace

struct EventThread::Shared {
  std::shared_ptr<const Library> library;
  std::vector<Device> devices;
  Handlers handlers;

  std::mutex mutex;
  std::condition_variable changed;
  bool stop = false;
  bool ready = false;  ///< registered, or never will be
  bool ended = false;
  bool abandoned = false;  ///< nobody waits for the end any more, and the handlers are gone

  /// Handlers run under the mutex, so that none is running when stop() returns.
  void tell(const RawEvent& event) {
    std::lock_guard lock(mutex);
    if (!abandoned) handlers.event(event);
  }
  void give_up(Code code, const char* what) {
    std::lock_guard lock(mutex);
    if (!abandoned)
      handlers.trouble({code, std::string(what) + ": " + std::string(meaning_of(code))});
  }
  bool stopping() {
    std::lock_guard lock(mutex);
    return stop;
  }
  bool pause() {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kPause, [&] { return stop; });
  }

  bool watch_all(EventSet set);
  Code wait(EventSet set, EventData& data) const;
  void loop(EventSet set);
  void work();
};

bool EventThread::Shared::watch_all(EventSet set) {
  const Functions& f = library->functions();
  bool any = false;
  Code last = Code::kNotSupported;
  for (Device device : devices) {
    if (device == nullptr) continue;
    uint64_t supported = kWanted;
    if (f.supported_events != nullptr) {
      last = Code{f.supported_events(device, &supported)};
      if (last != Code::kSuccess) continue;
    }
    if ((supported & kWanted) == 0) continue;
    last = Code{f.register_events(device, supported & kWanted, set)};
    any = any || last == Code::kSuccess;
  }
  if (!any) give_up(last, "no GPU reports events");
  return any;
}

Code EventThread::Shared::wait(EventSet set, EventData& data) const {
  const Functions& f = library->functions();
  return Code{f.event_wait_v2 != nullptr ? f.event_wait_v2(set, &data, kSlice)
                                         : f.event_wait_v1(set, &data, kSlice)};
}

void EventThread::Shared::loop(EventSet set) {
  while (!stopping()) {
    EventData data;
    const Code code = wait(set, data);
    if (code == Code::kTimeout) continue;
    if (code == Code::kSuccess) {
      for (uint32_t i = 0; i < devices.size(); ++i) {
        if (devices[i] == nullptr || devices[i] != data.device) continue;
        RawEvent event{i, data.type, data.data, {}};
        if (data.gpu_instance != kNoInstance) event.gpu_instance = data.gpu_instance;
        tell(event);
      }
      continue;
    }
    // While a GPU is lost every wait says so at once, without saying which; reading them does.
    if (code != Code::kGpuIsLost && code != Code::kUnknown) {
      give_up(code, "nvmlEventSetWait");
      return;
    }
    if (pause()) return;
  }
}

void EventThread::Shared::work() {
  const Functions& f = library->functions();
  EventSet set = nullptr;
  Code code = Code::kFunctionNotFound;
  if (f.event_set_create != nullptr && f.event_set_free != nullptr &&
      f.register_events != nullptr && (f.event_wait_v2 != nullptr || f.event_wait_v1 != nullptr)) {
    code = Code{f.event_set_create(&set)};
  }
  bool watching = false;
  if (code != Code::kSuccess) {
    give_up(code, "nvmlEventSetCreate");
  } else {
    watching = watch_all(set);
  }
  {
    std::lock_guard lock(mutex);
    ready = true;
    changed.notify_all();
  }
  if (watching) loop(set);
  if (code == Code::kSuccess) f.event_set_free(set);
  std::lock_guard lock(mutex);
  ended = true;
  changed.notify_all();
}

EventThread::EventThread(std::shared_ptr<const Library> library, std::vector<Device> devices,
                         Handlers handlers)
    : shared_(std::make_shared<Shared>()) {
  shared_->library = std::move(library);
  shared_->devices = std::move(devices);
  shared_->handlers = std::move(handlers);
  std::thread([shared = shared_] { shared->work(); }).detach();
}

EventThread::~EventThread() { stop(std::chrono::milliseconds(10 * kSlice)); }

bool EventThread::stop(std::chrono::milliseconds deadline) {
  std::unique_lock lock(shared_->mutex);
  shared_->stop = true;
  shared_->changed.notify_all();
  shared_->abandoned = !shared_->changed.wait_for(lock, deadline, [&] { return shared_->ended; });
  return !shared_->abandoned;
}

bool EventThread::wait_until_watching(std::chrono::milliseconds deadline) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, deadline, [&] { return shared_->ready; });
}

}  // namespace orrery::live::nvml
