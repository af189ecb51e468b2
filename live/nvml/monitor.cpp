#include "live/nvml/monitor.hpp"

#include "live/nvml/xid.hpp"

namespace orrery::live {

using nvml::Code;
using nvml::GpuReading;
using nvml::GpuState;
using nvml::Status;

const char* name_of(GpuEvent::Kind kind) {
  switch (kind) {
    case GpuEvent::Kind::kXid: return "xid";
    case GpuEvent::Kind::kLost: return "lost";
    case GpuEvent::Kind::kState: return "state";
    case GpuEvent::Kind::kBack: return "back";
    case GpuEvent::Kind::kEccCorrected: return "ecc-corrected";
    case GpuEvent::Kind::kEccUncorrected: return "ecc-uncorrected";
    case GpuEvent::Kind::kHung: return "hung";
    case GpuEvent::Kind::kAnswers: return "answers";
  }
  return "";
}

GpuMonitor::GpuMonitor(Options options)
    : options_(std::move(options)), nvml_(std::make_unique<nvml::Nvml>(options_.nvml)) {
  if (!options_.container_of) {
    options_.container_of = [](uint32_t pid) { return nvml::container_id_of(pid); };
  }
}

GpuMonitor::~GpuMonitor() {
  std::lock_guard lock(mutex_);
  stop_events();
  // Under a thread that hangs in NVML nothing may be shut down.
  if (events_stuck_) nvml_->leave_open();
}

bool GpuMonitor::hung() const {
  std::lock_guard lock(mutex_);
  return nvml_->hung();
}

void GpuMonitor::tell(const GpuEvent& event) const {
  if (options_.on_event) options_.on_event(event);
}

std::string GpuMonitor::uuid_of(uint32_t index) const {
  std::lock_guard lock(known_mutex_);
  const auto known = known_.find(index);
  return known == known_.end() ? std::string() : known->second.uuid;
}

void GpuMonitor::on_raw_event(const nvml::RawEvent& raw) {
  if (raw.type != nvml::kEventXid) return;
  tell({GpuEvent::Kind::kXid, raw.index, uuid_of(raw.index), raw.data, raw.gpu_instance,
        nvml::xid_text(raw.data)});
}

void GpuMonitor::stop_events() {
  if (events_ == nullptr) return;
  events_stuck_ = !events_->stop(options_.nvml.deadline);
  events_.reset();
}

void GpuMonitor::start_events() {
  if (events_ != nullptr) return;
  {
    std::lock_guard lock(known_mutex_);
    event_status_ = {};
  }
  events_ = std::make_unique<nvml::EventThread>(
      nvml_->library(), nvml_->devices(),
      nvml::EventThread::Handlers{[this](const nvml::RawEvent& raw) { on_raw_event(raw); },
                                  [this](const Status& status) {
                                    std::lock_guard lock(known_mutex_);
                                    event_status_ = status;
                                  }});
  if (events_->wait_until_watching(options_.nvml.deadline)) return;
  std::lock_guard lock(known_mutex_);
  event_status_ = {Code::kTimedOut, "timed out while registering for GPU events"};
}

Status GpuMonitor::open() {
  if (nvml_->is_open()) return {};
  const Status status = nvml_->open();
  if (!status.ok()) return status;
  {
    std::lock_guard lock(known_mutex_);
    known_.erase(known_.lower_bound(nvml_->gpu_count()), known_.end());
  }
  start_events();
  return {};
}

Status GpuMonitor::reprobe() {
  std::lock_guard lock(mutex_);
  if (nvml_->hung()) return {Code::kHung, "NVML " + nvml_->where() + ", which is still out"};
  stop_events();
  if (events_stuck_) {
    return {Code::kHung, "the thread that waits for GPU events does not come back from NVML"};
  }
  Status status = nvml_->close();
  if (status.ok()) status = open();
  tell_hung(status);
  return status;
}

void GpuMonitor::tell_hung(const Status& status) {
  const bool hung = status.code == Code::kTimedOut || status.code == Code::kHung;
  if (hung == told_hung_) return;
  told_hung_ = hung;
  tell({hung ? GpuEvent::Kind::kHung : GpuEvent::Kind::kAnswers,
        {},
        {},
        0,
        {},
        hung ? status.text : "NVML answers again"});
}

void GpuMonitor::mark_unread(GpuOverview& overview, uint32_t from, const std::string& why) const {
  std::lock_guard lock(known_mutex_);
  for (const auto& [index, known] : known_) {
    if (index < from) continue;
    GpuReading gpu;
    gpu.index = index;
    gpu.uuid = known.uuid;
    gpu.name = known.name;
    gpu.pci_bus_id = known.pci_bus_id;
    gpu.state = GpuState::kUnknown;
    gpu.trouble = why;
    overview.gpus.push_back(std::move(gpu));
  }
}

void GpuMonitor::compare(GpuReading& now) {
  std::vector<GpuEvent> events;
  {
    std::lock_guard lock(known_mutex_);
    Known& known = known_[now.index];
    // Another GPU than before: what was counted for that one says nothing about this.
    if (!now.uuid.empty() && !known.uuid.empty() && now.uuid != known.uuid) known = {};
    // A lost GPU tells nothing about itself any more.
    if (now.uuid.empty()) now.uuid = known.uuid;
    if (now.name.empty()) now.name = known.name;
    if (now.pci_bus_id.empty()) now.pci_bus_id = known.pci_bus_id;
    auto note = [&](GpuEvent::Kind kind, uint64_t value, std::string text) {
      events.push_back({kind, now.index, now.uuid, value, {}, std::move(text)});
    };
    if (now.state != known.state) {
      const auto kind = now.state == GpuState::kOk     ? GpuEvent::Kind::kBack
                        : now.state == GpuState::kLost ? GpuEvent::Kind::kLost
                                                       : GpuEvent::Kind::kState;
      note(kind, 0, now.state == GpuState::kOk ? "the GPU answers again" : now.trouble);
    }
    auto grown = [&](const std::optional<uint64_t>& before, const std::optional<uint64_t>& after,
                     GpuEvent::Kind kind, const char* which) {
      if (!before || !after || *after <= *before) return;
      const uint64_t more = *after - *before;
      note(kind, more, std::to_string(more) + " more " + which + " ECC errors");
    };
    grown(known.ecc_corrected, now.ecc_corrected, GpuEvent::Kind::kEccCorrected, "corrected");
    grown(known.ecc_uncorrected, now.ecc_uncorrected, GpuEvent::Kind::kEccUncorrected,
          "uncorrected");
    known.uuid = now.uuid;
    known.name = now.name;
    known.pci_bus_id = now.pci_bus_id;
    known.state = now.state;
    if (now.ecc_corrected) known.ecc_corrected = now.ecc_corrected;
    if (now.ecc_uncorrected) known.ecc_uncorrected = now.ecc_uncorrected;
  }
  for (const GpuEvent& event : events) tell(event);
}

void GpuMonitor::read_all(GpuOverview& overview) {
  for (uint32_t i = 0; i < nvml_->gpu_count(); ++i) {
    GpuReading gpu;
    const Status status = nvml_->read(i, gpu);
    if (!status.ok()) {
      overview.status = status;
      mark_unread(overview, i, status.text);
      return;
    }
    for (nvml::GpuProcess& process : gpu.processes) {
      process.container = options_.container_of(process.pid);
    }
    compare(gpu);
    overview.gpus.push_back(std::move(gpu));
  }
}

GpuOverview GpuMonitor::read() {
  std::lock_guard lock(mutex_);
  GpuOverview overview;
  overview.taken = std::chrono::steady_clock::now();
  overview.library = nvml_->library()->path();
  overview.absent = nvml_->library()->absent();
  overview.status = open();
  if (overview.status.ok()) {
    read_all(overview);
  } else {
    mark_unread(overview, 0, overview.status.text);
  }
  tell_hung(overview.status);
  overview.hung = nvml_->hung();
  overview.versions = nvml_->versions();
  std::lock_guard known_lock(known_mutex_);
  overview.events = event_status_;
  return overview;
}

}  // namespace orrery::live
