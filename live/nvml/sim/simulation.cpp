#include "live/nvml/sim/simulation.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sys/stat.h>
#include <thread>

namespace orrery::live::nvml_sim {

namespace {

constexpr uint64_t kMib = 1 << 20;
constexpr std::chrono::milliseconds kPoll{2};
/// Degrees above room temperature at full power; a typical figure of an air-cooled board.
constexpr double kRoom = 28;
constexpr double kWarming = 45;

void complain(const std::string& text) {
  std::fprintf(stderr, "simulated NVML: %s\n", text.c_str());
}

double watts_at(const Gpu& gpu, double busy_percent) {
  return gpu.idle_watts + (gpu.max_watts - gpu.idle_watts) * busy_percent / 100;
}

}  // namespace

uint64_t View::used_bytes() const {
  uint64_t mib = 0;
  for (const Process& process : gpu.processes) {
    if (slice == nullptr || process.slice == slice_index) mib += process.memory_mib;
  }
  return std::min(mib * kMib, total_bytes());
}

uint64_t View::total_bytes() const {
  return (slice == nullptr ? gpu.memory_mib : slice->memory_mib) * kMib;
}

Simulation& Simulation::instance() {
  // Never destroyed: a thread may hang in here while the process ends.
  static auto* simulation = new Simulation;
  return *simulation;
}

bool Simulation::Stamp::changed() {
  struct stat found {};
  std::array<int64_t, 4> now{-1, 0, 0, 0};
  if (!path.empty() && stat(path.c_str(), &found) == 0) {
    now = {int64_t(found.st_ino), found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  }
  if (now == seen) return false;
  seen = now;
  return true;
}

double Simulation::now() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

template <class Visit>
void Simulation::for_each_fault(Visit visit) const {
  for (const Fault& fault : world_.faults) visit(fault);
  for (const Fault& fault : controlled_) visit(fault);
}

/// Loads the description that the environment names, unless it is the one that is loaded.
bool Simulation::load() {
  const char* path = std::getenv("ORRERY_NVML_SIM");
  if (path == nullptr || *path == '\0') {
    complain("ORRERY_NVML_SIM names no description of GPUs");
    return false;
  }
  if (loaded_ && file_.path == path) return true;
  file_ = {path, {}};
  file_.changed();
  try {
    world_ = read_description(path);
  } catch (const std::exception& e) {
    complain(e.what());
    return false;
  }
  start_ = Clock::now();
  loaded_ = true;
  energy_base_.assign(kMostGpus, 0);
  energy_since_ = 0;
  control_ = {world_.control, {}};
  controlled_.clear();
  reload_control();
  return true;
}

void Simulation::reload_control() {
  if (world_.control.empty() || !control_.changed()) return;
  controlled_.clear();
  if (control_.seen[0] < 0) return;
  control_since_ = now();
  try {
    controlled_ = read_control(world_.control, world_.gpus.size());
    for (Fault& fault : controlled_) fault.at += control_since_;
  } catch (const std::exception& e) {
    complain(std::string(e.what()) + "; no fault of it counts");
  }
}

void Simulation::reload() {
  if (!loaded_) return;
  if (file_.changed()) {
    try {
      Description fresh = read_description(file_.path);
      const double seconds = now();
      for (uint32_t i = 0; i < world_.gpus.size(); ++i) {
        energy_base_[i] = millijoules_until(i, seconds);
      }
      energy_since_ = seconds;
      world_ = std::move(fresh);
      control_.path = world_.control;
    } catch (const std::exception& e) {
      complain(std::string(e.what()) + "; the GPUs stay as they were");
    }
  }
  reload_control();
}

double Simulation::millijoules_until(uint32_t gpu, double seconds) const {
  const Gpu& g = world_.gpus[gpu];
  const double elapsed = seconds - energy_since_;
  const double busy = g.busy_percent.integral(seconds) - g.busy_percent.integral(energy_since_);
  return energy_base_[gpu] +
         1000 * (g.idle_watts * elapsed + (g.max_watts - g.idle_watts) * busy / 100);
}

Code Simulation::state_of(uint32_t gpu, double seconds) const {
  Code code = Code::kSuccess;
  for_each_fault([&](const Fault& fault) {
    if ((fault.gpu && *fault.gpu != gpu) || !fault.active(seconds)) return;
    if (fault.kind == Fault::Kind::kLost) code = Code::kGpuIsLost;
    if (code != Code::kSuccess) return;
    if (fault.kind == Fault::Kind::kNeedsReset) code = Code::kResetRequired;
    if (fault.kind == Fault::Kind::kBlocked) code = Code::kOperatingSystem;
  });
  return code;
}

/// Waits as long as faults make a call last. Comes back with the lock held.
Code Simulation::gate(const char* call, std::unique_lock<std::mutex>& lock, const uint32_t* gpu,
                      bool initing) {
  bool waited = false;
  for (;;) {
    reload();
    if (opened_ == 0 && !initing) return Code::kUninitialized;
    const double seconds = now();
    bool hang = false;
    bool missing = false;
    uint64_t slow = 0;
    for_each_fault([&](const Fault& fault) {
      const bool here = !fault.gpu || (gpu != nullptr && *fault.gpu == *gpu);
      if (!here || !fault.active(seconds) || !fault.about(call)) return;
      if (fault.kind == Fault::Kind::kHang) hang = true;
      if (fault.kind == Fault::Kind::kMissing) missing = true;
      if (fault.kind == Fault::Kind::kSlow) slow = std::max(slow, fault.value);
    });
    if (missing) return Code::kFunctionNotFound;
    if (!hang && (slow == 0 || waited)) return Code::kSuccess;
    waited = waited || slow > 0;
    lock.unlock();
    std::this_thread::sleep_for(hang ? kPoll : std::chrono::milliseconds(slow));
    lock.lock();
  }
}

Code Simulation::init() {
  std::unique_lock lock(mutex_);
  if (!load()) return Code::kDriverNotLoaded;
  const Code code = gate("nvmlInit_v2", lock, nullptr, true);
  if (code == Code::kSuccess) ++opened_;
  return code;
}

Code Simulation::shutdown() {
  std::unique_lock lock(mutex_);
  const Code code = gate("nvmlShutdown", lock, nullptr, false);
  if (code != Code::kSuccess) return code;
  // The GPUs go on: a program that opens the library again finds their counters where they are.
  if (--opened_ == 0) watches_.clear();
  return Code::kSuccess;
}

Device Simulation::handle(uint32_t gpu, uint32_t slice) {
  return reinterpret_cast<Device>(&handles_[gpu * (kMostSlices + 1) + slice]);
}

bool Simulation::locate(Device device, uint32_t& gpu, uint32_t& slice) const {
  const auto at = reinterpret_cast<uintptr_t>(device);
  const auto first = reinterpret_cast<uintptr_t>(handles_.data());
  if (at < first || at >= first + handles_.size()) return false;
  gpu = uint32_t((at - first) / (kMostSlices + 1));
  slice = uint32_t((at - first) % (kMostSlices + 1));
  if (gpu >= world_.gpus.size()) return false;
  return slice == kMostSlices || (world_.gpus[gpu].mig && slice < world_.gpus[gpu].slices.size());
}

uint64_t Simulation::ecc(uint32_t gpu, Fault::Kind kind, uint64_t base, double seconds) const {
  for_each_fault([&](const Fault& fault) {
    if (fault.kind != kind || (fault.gpu && *fault.gpu != gpu)) return;
    if (fault.active(seconds)) base += fault.value;
  });
  return base;
}

View Simulation::view(uint32_t gpu, uint32_t slice) const {
  const Gpu& g = world_.gpus[gpu];
  const double seconds = now();
  const double busy = g.busy_percent.at(seconds);
  const double watts = watts_at(g, busy);
  const double full = std::max(1.0, g.max_watts);
  return View{
      world_,
      g,
      gpu,
      slice == kMostSlices ? nullptr : &g.slices[slice],
      slice,
      busy,
      g.memory_busy_percent.at(seconds),
      watts,
      millijoules_until(gpu, seconds),
      g.temperature_celsius ? g.temperature_celsius->at(seconds) : kRoom + kWarming * watts / full,
      ecc(gpu, Fault::Kind::kEccCorrected, g.ecc_corrected, seconds),
      ecc(gpu, Fault::Kind::kEccUncorrected, g.ecc_uncorrected, seconds)};
}

Code Simulation::answer(const char* call, const std::function<Code(const Description&)>& body) {
  std::unique_lock lock(mutex_);
  const Code code = gate(call, lock, nullptr, false);
  return code == Code::kSuccess ? body(world_) : code;
}

Code Simulation::answer(const char* call, Device device,
                        const std::function<Code(const View&)>& body) {
  std::unique_lock lock(mutex_);
  uint32_t gpu = 0;
  uint32_t slice = 0;
  if (opened_ == 0) return Code::kUninitialized;
  if (!locate(device, gpu, slice)) return Code::kInvalidArgument;
  Code code = gate(call, lock, &gpu, false);
  // The description may have changed while the call was held up.
  if (code == Code::kSuccess && !locate(device, gpu, slice)) code = Code::kInvalidArgument;
  if (code == Code::kSuccess) code = state_of(gpu, now());
  return code == Code::kSuccess ? body(view(gpu, slice)) : code;
}

Watch* Simulation::find(nvml::EventSet set) {
  for (Watch& watch : watches_) {
    if (reinterpret_cast<nvml::EventSet>(&watch) == set) return &watch;
  }
  return nullptr;
}

nvml::EventSet Simulation::create_watch() {
  std::lock_guard lock(mutex_);
  watches_.emplace_back();
  return reinterpret_cast<nvml::EventSet>(&watches_.back());
}

Code Simulation::free_watch(nvml::EventSet set) {
  std::lock_guard lock(mutex_);
  Watch* watch = find(set);
  if (watch == nullptr) return Code::kInvalidArgument;
  watches_.remove_if([&](const Watch& one) { return &one == watch; });
  return Code::kSuccess;
}

Code Simulation::watch(Device device, uint64_t types, nvml::EventSet set) {
  return answer("nvmlDeviceRegisterEvents", device, [&](const View& view) {
    Watch* watch = find(set);
    if (watch == nullptr) return Code::kInvalidArgument;
    if ((types & nvml::kEventXid) != 0) watch->gpus |= uint64_t{1} << view.index;
    return Code::kSuccess;
  });
}

/// Hands each XID that is due to all who watch its GPU; one that nobody watches yet waits.
void Simulation::send_due() {
  const double seconds = now();
  auto send = [&](Fault& fault) {
    if (fault.kind != Fault::Kind::kXid || fault.sent || seconds < fault.at) return;
    for (Watch& watch : watches_) {
      for (uint32_t gpu = 0; gpu < world_.gpus.size(); ++gpu) {
        if ((fault.gpu && *fault.gpu != gpu) || (watch.gpus >> gpu & 1U) == 0) continue;
        nvml::EventData data;
        data.device = handle(gpu);
        data.type = nvml::kEventXid;
        data.data = fault.value;
        watch.queue.push_back(data);
        fault.sent = true;
      }
    }
  };
  for (Fault& fault : world_.faults) send(fault);
  for (Fault& fault : controlled_) send(fault);
}

Code Simulation::wait(nvml::EventSet set, nvml::EventData& data, uint32_t milliseconds) {
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  std::unique_lock lock(mutex_);
  for (;;) {
    const Code code = gate("nvmlEventSetWait_v2", lock, nullptr, false);
    if (code != Code::kSuccess) return code;
    Watch* watch = find(set);
    if (watch == nullptr) return Code::kInvalidArgument;
    send_due();
    if (!watch->queue.empty()) {
      data = watch->queue.front();
      watch->queue.pop_front();
      return Code::kSuccess;
    }
    for (uint32_t gpu = 0; gpu < world_.gpus.size(); ++gpu) {
      if ((watch->gpus >> gpu & 1U) != 0 && state_of(gpu, now()) == Code::kGpuIsLost) {
        return Code::kGpuIsLost;
      }
    }
    if (Clock::now() >= end) return Code::kTimeout;
    lock.unlock();
    std::this_thread::sleep_for(kPoll);
    lock.lock();
  }
}

}  // namespace orrery::live::nvml_sim
