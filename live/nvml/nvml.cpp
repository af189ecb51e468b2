#include "live/nvml/nvml.hpp"

#include "live/nvml/session.hpp"

namespace orrery::live::nvml {

namespace {

struct Opened {
  Status status;
  std::vector<Device> devices;
  Versions versions;
};

}  // namespace

Nvml::Nvml(Options options)
    : options_(std::move(options)),
      library_(Library::load(options_.library)),
      mark_(std::make_shared<CallMark>()),
      session_(std::make_shared<Session>(library_, mark_)) {}

Nvml::~Nvml() {
  if (leave_open_) {
    thread_.run([session = session_] { session->leave_open(); }, options_.deadline);
  } else {
    close();
  }
}

std::string Nvml::where() const {
  return "timed out after " + std::to_string(options_.deadline.count()) + " ms in " +
         mark_->function();
}

Status Nvml::failed(CallThread::End end) const {
  if (end == CallThread::End::kTimedOut) return {Code::kTimedOut, "NVML " + where()};
  return {Code::kHung, "NVML not asked: an earlier call " + where() + " and is still out"};
}

Status Nvml::open() {
  if (open_) return {};
  CallThread::End end{};
  // A late open leaves the session open; the next one starts afresh.
  auto opened = thread_.ask<Opened>(
      [session = session_] {
        session->close();
        Opened now{session->open(), {}, {}};
        if (now.status.ok()) {
          now.devices = session->devices();
          now.versions = session->versions();
        }
        return now;
      },
      options_.deadline, end);
  if (!opened) return failed(end);
  open_ = opened->status.ok();
  devices_ = std::move(opened->devices);
  versions_ = std::move(opened->versions);
  return opened->status;
}

Status Nvml::close() {
  open_ = false;
  devices_.clear();
  CallThread::End end{};
  auto status = thread_.ask<Status>([session = session_] { return session->close(); },
                                    options_.deadline, end);
  return status ? *status : failed(end);
}

Status Nvml::read(uint32_t index, GpuReading& gpu) {
  gpu = GpuReading{};
  gpu.index = index;
  if (!open_ || index >= gpu_count()) return {Code::kUninitialized, "NVML is not open"};
  CallThread::End end{};
  auto reading = thread_.ask<GpuReading>(
      [session = session_, index] { return session->read(index); }, options_.deadline, end);
  if (!reading) return failed(end);
  gpu = std::move(*reading);
  return {};
}

}  // namespace orrery::live::nvml
