// AgentHost: the agents of nodes in one process, each with a link to the controller and a driver.
//
// A program hosts one node; a test or a measurement may host a thousand. What an agent needs to
// outlive a crash is in its state folder: the run whose containers it has, and which boot of the
// machine they belong to. Everything else it finds out from its driver, and tells the controller
// whenever it can be reached (again).
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "live/bridge.hpp"
#include "live/drivers/driver.hpp"
#include "live/runtime.hpp"
#include "live/wire/gateway.hpp"

namespace orrery::cli {

struct AgentNode {
  live::LinkConfig link;        ///< `name` is the node's
  std::filesystem::path state;  ///< its folder; one process at a time
};

struct AgentConfig {
  std::vector<AgentNode> nodes;
  /// A driver for the containers of that node under that id of a run, which no other node has.
  std::function<std::unique_ptr<live::Driver>(const AgentNode& node, const std::string& run)>
      make_driver;
  std::vector<std::string> gpus;  ///< UUIDs of the GPUs, by index; empty: none is handed out
  bool limits = false;            ///< containers get no more than their part was given
  Duration grace = Duration::seconds(10);        ///< from the request to stop to the kill
  Duration resend = Duration::seconds(1);        ///< what is not confirmed is said again this often
  uint32_t threads = 0;                          ///< that run actors; 0: as many as processors
  std::function<void(const std::string&)> tell;  ///< what an operator should know
  std::function<void(live::GatewayConfig&)> tune;  ///< for tests: beats, patience; may be empty
};

class AgentHost final : private live::CommandSink, private live::Tap, private live::Carrier {
 public:
  /// Takes the state folders. Throws EnvironmentError where one is in use or can't be written.
  explicit AgentHost(AgentConfig config);
  AgentHost(const AgentHost&) = delete;
  AgentHost& operator=(const AgentHost&) = delete;
  /// Containers run on.
  ~AgentHost() override;

  void start();
  /// Does what there is to do, at most `wait`; to be called again and again. Throws what makes
  /// going on senseless: a driver that can't be opened, a controller of another run.
  void work(std::chrono::milliseconds wait);

  /// Nodes that have been let in by the controller and have opened their drivers.
  size_t ready() const;
  live::GatewayCounters counters() const { return gateway_->counters(); }

 private:
  struct Node;
  struct Event {
    enum class Kind : uint8_t { kUp, kEndSeen } kind;
    size_t node = 0;
    live::Peer controller{};
    EndSeen end{};
  };

  void command(Instant now, ActorId from, const Command& command) override;
  void input(Instant at, ActorId to, const Input& input) override;
  void note(Instant /*at*/, ActorId /*from*/, const Note& /*note*/) override {}
  bool carry(Instant now, ActorId from, ActorId to, const Message& message) override;

  void on_up(const live::Peer& peer);
  void on_mail(const live::Peer& peer, const live::Envelope& envelope);
  void on_asked(const live::Peer& peer, uint64_t id, std::string_view what, std::string_view body);
  void push(Event event);
  void up(Node& node, const live::Peer& controller);
  void open(Node& node, const std::string& run);
  void end_seen(Node& node, const EndSeen& end);
  live::ContainerOrder order(const Node& node, const StartTask& what) const;
  Node* node_at(uint32_t place);

  AgentConfig config_;
  live::Catalogue catalogue_;
  std::vector<std::unique_ptr<Node>> nodes_;
  mutable std::mutex mutex_;  // of events_, and of Node::place and Node::open
  std::condition_variable changed_;
  std::deque<Event> events_;
  std::vector<Node*> by_place_;
  std::deque<JobId> over_;  // jobs whose parts ended here lately
  std::unique_ptr<live::Gateway> gateway_;
  std::unique_ptr<live::Runtime> runtime_;
};

}  // namespace orrery::cli
