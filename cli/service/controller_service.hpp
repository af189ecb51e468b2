// ControllerService: the controller of a cluster whose agents are elsewhere.
//
// The Controller is the one that a simulation runs, in a cell of the live runtime. The wire brings
// what agents say, the HTTP interface what people ask. Every input is journalled before the
// controller takes it, so that after any end the next process replays the journal and goes on; with
// `sync: always` also after a power cut. Agents then say what they hold, and the two sides agree.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/scenario.hpp"
#include "cli/service/job_table.hpp"
#include "cli/service/recovery.hpp"
#include "cli/service/state_folder.hpp"
#include "live/api/operations.hpp"
#include "live/runtime.hpp"
#include "live/wire/gateway.hpp"
#include "sim/simulation.hpp"

namespace orrery::cli {

/// Where people and the failure detector come in.
inline constexpr ActorId kEdge{0, 1};

struct ServiceConfig {
  std::optional<Scenario> scenario;  ///< none: that of the state
  std::filesystem::path state;
  live::ServerConfig wire;
  /// A node that was not heard for so long is given up, and its jobs start elsewhere.
  Duration lost_after = Duration::seconds(300);
  /// The journal goes on in another file after so much, when a snapshot is written.
  uint64_t segment_bytes = uint64_t{64} << 20;
  bool prune = false;  ///< remove what stands before the oldest snapshot that is kept
  std::function<void(const std::string&)> tell;    ///< what an operator should know
  std::function<void(live::GatewayConfig&)> tune;  ///< for tests: beats, patience; may be empty
};

class ControllerService final : public live::Operations,
                                private live::Tap,
                                private live::CommandSink,
                                private live::Carrier {
 public:
  /// Takes the state folder, replays its journal, binds. Throws InputError or EnvironmentError.
  explicit ControllerService(ServiceConfig config);
  ControllerService(const ControllerService&) = delete;
  ControllerService& operator=(const ControllerService&) = delete;
  /// Stops; containers run on.
  ~ControllerService() override;

  void start();
  /// Keeps the journal; to be called again and again. Throws what stopped the controller.
  void work(std::chrono::milliseconds wait);
  /// Where agents connect.
  std::string endpoint() const { return gateway_->endpoint(); }
  const std::filesystem::path& state() const { return folder_.path(); }
  const StateFolder& folder() const { return folder_; }
  const std::string& run() const { return run_; }
  live::GatewayCounters counters() const { return gateway_->counters(); }

  // ---- live::Operations, service_operations.cpp and service_questions.cpp ----
  live::JobRow submit(const live::JobRequest& request, const live::Caller& caller) override;
  live::JobRow cancel(uint32_t job, const live::Caller& caller) override;
  live::JobRow job(uint32_t job) override;
  std::vector<live::JobRow> jobs(const live::JobFilter& filter) override;
  std::vector<live::NodeRow> nodes() override;
  live::NodeRow drain(const std::string& node, bool drained, const std::string& reason,
                      const live::Caller& caller) override;
  live::Explanation explain(uint32_t job) override;
  live::Estimate estimate(uint32_t job) override;
  std::vector<live::PlannedStep> plan() override;
  live::LogPiece log(uint32_t job, uint32_t attempt, uint32_t part, uint64_t from, uint32_t most,
                     const live::Caller& caller) override;
  std::vector<live::Metric> metrics() override;
  live::Health health() override;

  /// What that node's driver has, as its agent tells it: a line a container. Throws live::Refusal
  /// when the agent does not answer.
  std::string inventory(const std::string& node);

 private:
  // What the service knows of a node beside the controller.
  struct Node {
    bool connected = false;
    uint64_t changes = 0;  ///< of `connected`; an alarm for an older one is stale
    std::string software;
    std::string drain_reason;
    std::chrono::steady_clock::time_point heard{};
  };

  void open_state();
  void begin_anew();
  void go_on();
  std::unique_ptr<Controller> new_controller() const;
  /// From the newest snapshot that is whole and its journal's, else from the first input.
  Recovered recover_state();
  Recovered recover_from(const record::Snapshot* snapshot);

  // ---- service_snapshots.cpp ----
  /// What is remembered between two steps; none where the policy can't write down what it has
  /// learned.
  std::optional<record::Snapshot> look(const Controller& controller);
  void keep_snapshot(const record::Snapshot& snapshot);
  void prune(uint32_t oldest) const;
  void watch_snapshots();
  void last_snapshot();
  void open_wire();
  void input(Instant at, ActorId to, const Input& input) override;
  void note(Instant at, ActorId from, const Note& note) override;
  void command(Instant /*now*/, ActorId /*from*/, const Command& /*command*/) override {}
  bool carry(Instant now, ActorId from, ActorId to, const Message& message) override;
  void tell_watchers(Instant at, const Note& note);

  live::Admission admit(const live::Peer& peer) const;
  void up(const live::Peer& peer);
  void lost(const live::Peer& peer, std::string_view why);
  void watch_for_return(uint32_t node, uint64_t changes);
  void mail(const live::Peer& peer, const live::Envelope& envelope);
  void answered(uint64_t id, bool ok, std::string_view body);
  std::string ask(uint32_t node, std::string_view what, std::string body);

  /// Calls `look` with the controller between two of its steps and hands on what it returns. What
  /// was posted before has been journalled and stepped by then.
  template <class Look>
  auto with_controller(Look look) -> decltype(look(Instant{}, std::declval<const Controller&>()));
  double unix_seconds(Instant at) const;
  live::JobRow row_of(const JobEntry& entry) const;
  void add_live_state(live::JobRow& row, const JobState& state) const;
  const JobEntry& entry_or_refuse(uint32_t job);
  void check_owner(const JobEntry& entry, const live::Caller& caller, const char* deed) const;
  uint32_t node_or_refuse(const std::string& name) const;
  live::NodeRow node_row(uint32_t index, const Controller& controller) const;
  void keep_drain_reasons() const;
  void read_drain_reasons();

  ServiceConfig config_;
  StateFolder folder_;
  Scenario scenario_;
  sim::SimulationPlan plan_;  ///< cluster, policy, controller
  std::string run_;
  int64_t began_ns_ = 0;
  std::chrono::steady_clock::time_point process_began_ = std::chrono::steady_clock::now();
  mutable std::mutex journal_mutex_;
  std::unique_ptr<record::JournalWriter> journal_;
  record::JournalHeader header_;
  bool dirty_ = false;   // written and not synced
  uint64_t inputs_ = 0;  // journalled, and the instant of the last
  Instant last_input_;
  // Of the last snapshot; for work() alone.
  uint32_t snapshot_number_ = 0;
  uint64_t snapshot_inputs_ = 0;
  std::chrono::steady_clock::time_point snapshot_at_ = std::chrono::steady_clock::now();
  bool snapshots_ = true;  // whether there are to be any
  std::mutex submit_mutex_;
  mutable std::mutex mutex_;  // of the table, the nodes and the peers
  std::unique_ptr<JobTable> table_;
  std::vector<Node> nodes_;
  std::map<uint32_t, live::PeerId> peers_;  // by place
  std::atomic<bool> started_{false};        // the gateway is there for all threads
  std::mutex questions_mutex_;
  std::map<uint64_t, std::promise<std::string>> questions_;  // open ones, by number
  std::unique_ptr<live::Runtime> runtime_;
  std::unique_ptr<live::Gateway> gateway_;
};

template <class Look>
auto ControllerService::with_controller(Look look)
    -> decltype(look(Instant{}, std::declval<const Controller&>())) {
  using Result = decltype(look(Instant{}, std::declval<const Controller&>()));
  auto promise = std::make_shared<std::promise<Result>>();
  std::future<Result> result = promise->get_future();
  runtime_->visit(kController, [promise, look = std::move(look)](Instant now, const Actor& actor) {
    try {
      promise->set_value(look(now, static_cast<const Controller&>(actor)));
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  });
  promise.reset();
  if (result.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
    throw live::Refusal("unavailable", "the controller did not answer within 10 s");
  }
  try {
    return result.get();
  } catch (const std::future_error&) {
    throw live::Refusal("unavailable", "the controller has stopped");
  }
}

}  // namespace orrery::cli
