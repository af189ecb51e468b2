#include "cli/live_snapshots.hpp"

#include "actors/controller.hpp"
#include "actors/error.hpp"
#include "actors/state.hpp"
#include "cli/command.hpp"
#include "record/output_file.hpp"

namespace orrery::cli {

LiveSnapshots::LiveSnapshots(std::filesystem::path folder, uint64_t every_inputs, Duration every,
                             std::function<void(const std::string&)> tell)
    : folder_(std::move(folder)),
      every_inputs_(every_inputs),
      every_(every.ns),
      tell_(std::move(tell)),
      tray_(std::make_shared<Tray>()) {
  record::keep_newest_snapshots(folder_, 0);
}

void LiveSnapshots::work(live::Runtime& runtime, Chronicle& chronicle) {
  if (every_inputs_ == 0 || !possible_) return;
  if (asked_) {
    std::optional<record::Snapshot> taken;
    {
      std::lock_guard lock(tray_->mutex);
      if (!tray_->answered) return;
      taken.swap(tray_->snapshot);
    }
    asked_ = false;
    possible_ = taken.has_value();
    if (taken) return write(*taken);
    return tell_("this policy can't write down what it has learned: there are no snapshots");
  }
  const uint64_t fresh = chronicle.inputs() - inputs_;
  const auto now = std::chrono::steady_clock::now();
  if (fresh == 0 || (fresh < every_inputs_ && now - at_ < every_)) return;
  at_ = now;
  asked_ = true;
  tray_->answered = false;
  // Between two steps of the controller: all of its inputs that are in the journal it has taken.
  runtime.visit(kController, [tray = tray_, &chronicle](Instant, const Actor& actor) {
    StateWriter state;
    std::optional<record::Snapshot> taken;
    if (static_cast<const Controller&>(actor).save(state)) {
      taken = chronicle.cut();
      taken->version = version();
      taken->actors.emplace_back(kController, state.take());
    }
    std::lock_guard lock(tray->mutex);
    tray->snapshot = std::move(taken);
    tray->answered = true;
  });
}

void LiveSnapshots::write(const record::Snapshot& snapshot) {
  inputs_ = snapshot.inputs;
  try {
    record::OutputFile file(folder_ / record::snapshot_name(number_ + 1));
    file.write(record::pack(snapshot));
    file.flush();
    file.sync();
    file.commit();
    ++number_;
    record::keep_newest_snapshots(folder_, record::kSnapshotsKept);
  } catch (const EnvironmentError& error) {
    // A run is worth as much without it.
    tell_(std::string("no snapshot was written: ") + error.what());
  }
}

}  // namespace orrery::cli
