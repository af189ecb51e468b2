// Bridge: from what containers' actors command to a driver, and from what it reports back to them.
//
// A driver names containers by job, attempt and part, for ever; an actor that goes on after it was
// suspended serves a new attempt with its old container. The bridge knows which is which, and where
// containers outlive the process it has that kept, before it acts on it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "live/drivers/driver.hpp"
#include "live/runtime.hpp"

namespace orrery::live {

/// Which attempt a container serves by now, and whether it is to stand still.
struct Serving {
  Epoch epoch = 0;
  bool frozen = false;
};

/// A container of an earlier process.
struct ServingFound {
  ContainerKey key;
  Epoch epoch = 0;      ///< of the attempt that it serves
  bool frozen = false;  ///< and is to stay so
};

class Bridge final : public CommandSink {
 public:
  /// Those that serve another attempt than the one they were made for, or were frozen.
  using ServingNotes = std::map<ContainerKey, Serving>;
  using Keep = std::function<void(const ServingNotes& notes)>;
  /// What a driver is to run for a part of a job on a node; the bridge fills in the key.
  using OrderMaker = std::function<ContainerOrder(const StartTask& what, NodeId node)>;
  using Trouble = std::function<void(const std::string& text)>;

  /// `grace`: from the request to stop to the kill.
  Bridge(Driver& driver, OrderMaker make_order, Duration grace)
      : driver_(driver), make_order_(std::move(make_order)), grace_(grace) {}

  /// What an earlier process has kept, and where to keep it from now on: `keep` returns once it is
  /// durable. Requires: not opened. Without it nothing is kept.
  void remember(ServingNotes notes, Keep keep);
  /// Opens the driver; its reports go to actors of `runtime`, which must outlive close().
  void open(Runtime& runtime, Trouble trouble);
  /// What of an earlier process exists, to be told to agents that are new. Requires: opened, and no
  /// command yet. What was never started is not among it.
  std::vector<ServingFound> found();
  /// Kills and forgets whatever an earlier process has left, frozen or not, and waits for its end,
  /// at most `patience` of real time. Requires: opened, and no command yet. Returns how many there
  /// were; throws EnvironmentError where some have not ended by then.
  size_t clear(Duration patience);
  void command(Instant now, ActorId from, const Command& command) override;
  /// The end of that container, as its actor was told, is in the journal: what is left of it may
  /// go.
  void forget(const ContainerExited& end);
  /// True while a container of that job is not forgotten.
  bool has(JobId job) const;
  /// True while the container has not ended that was made for that attempt, or serves it now.
  bool runs(const ContainerKey& key) const;
  /// Kills whatever is left, and waits for its end, at most `patience` of real time. Returns how
  /// many containers have not ended by then. Reports no longer reach actors.
  size_t end_all(Duration patience);
  /// No report comes after this.
  void close() { driver_.close(); }

 private:
  struct Entry {
    ActorId actor;
    Epoch epoch = 0;  ///< of the attempt that it serves now
    bool suspended = false;
    bool ended = false;
  };

  void start(ActorId from, const StartTask& what);
  void stop(ActorId from, const StopTask& what);
  void watch(ActorId from, const WatchContainer& what);
  void started(const ContainerKey& key);
  void exited(const ContainerKey& key, ExitCause cause, int32_t code);
  std::optional<ContainerKey> key_of(ActorId actor) const;
  void note(const ContainerKey& key, Serving serving);

  Driver& driver_;
  OrderMaker make_order_;
  Duration grace_;
  Runtime* runtime_ = nullptr;
  mutable std::mutex mutex_;
  std::map<ContainerKey, Entry> entries_;  // not forgotten
  std::map<ActorId, ContainerKey> key_of_;
  ServingNotes serving_;
  Keep keep_;
  std::map<ContainerKey, ContainerFound> found_;  // by what they serve, until they are watched
  /// Ends that were reported before an actor was there to hear of them.
  std::map<ContainerKey, std::pair<ExitCause, int32_t>> early_;
  bool ending_ = false;
};

}  // namespace orrery::live
