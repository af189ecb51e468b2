// orrery controller: the controller of a cluster; orrery agent: a node of it.
#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <memory>
#include <thread>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "cli/fields.hpp"
#include "cli/handed_gpus.hpp"
#include "cli/service/agent_host.hpp"
#include "cli/service/controller_service.hpp"
#include "cli/sim_options.hpp"
#include "live/api/server.hpp"
#include "live/drivers/process.hpp"
#include "live/engine/engine_driver.hpp"
#include "live/nvml/nvml.hpp"
#include "live/wire/keys.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kControllerExamples = R"(Examples:
  orrery controller scenarios/live-processes.yaml --state state
      Serve this machine: agents on port 7601, people on port 7602, both on loopback.
  orrery controller --state state
      Go on where the last controller of that state ended, however it ended.
  orrery controller cluster.yaml --state /var/lib/orrery --listen tcp://0.0.0.0:7601
      --keys controller.secret --authorised authorised
      Serve other machines; orrery keygen makes the keys.

The scenario says what nodes there are, which policy decides and what drives containers; its
workload and its models are left to orrery sim. SIGTERM ends the controller, not the containers.)";

constexpr const char* kAgentExamples = R"(Examples:
  orrery agent node-0 --state agent-0
      Run plain processes for the controller on this machine.
  orrery agent node-3 --controller tcp://10.0.0.1:7601 --state /var/lib/orrery
      --keys node-3.secret --controller-key controller.public --driver engine --image busybox
      Run Docker's containers of the image busybox, and of no other.

Containers outlive the agent: one that is started again with the same --state takes them up. SIGTERM
ends the agent, not the containers.)";

// ---- orrery controller -------------------------------------------------------------------------

struct ControllerOptions {
  std::string scenario;
  std::vector<std::string> sets;
  std::string state;
  std::string listen = "tcp://127.0.0.1:7601";
  std::string news;
  std::string keys;
  std::string authorised;
  bool plain = false;
  std::string http = "127.0.0.1:7602";
  bool http_beyond_loopback = false;
  double lost_after_s = 300;
  uint64_t segment_kib = 65536;
  bool prune = false;
};

// "127.0.0.1:7602", "[::1]:7602".
live::ApiConfig api_config(const ControllerOptions& options, const StateFolder& folder) {
  live::ApiConfig config;
  size_t colon = options.http.rfind(':');
  uint16_t port = 0;
  const char* end = options.http.data() + options.http.size();
  bool good = colon != std::string::npos && colon > 0;
  if (good) {
    auto read = std::from_chars(options.http.data() + colon + 1, end, port);
    good = read.ec == std::errc() && read.ptr == end;
  }
  if (!good) {
    throw InputError(
        {"--http", 0, 0, "ADDRESS:PORT, as 127.0.0.1:7602", in_quotes(options.http), ""});
  }
  config.address = options.http.substr(0, colon);
  if (config.address.size() > 2 && config.address.front() == '[') {
    config.address = config.address.substr(1, config.address.size() - 2);
  }
  config.port = port;
  config.beyond_loopback = options.http_beyond_loopback;
  config.tokens = folder / "tokens";
  config.first_token = folder / "admin.token";
  config.audit = folder / "audit.jsonl";
  return config;
}

ServiceConfig service_config(const ControllerOptions& options) {
  ServiceConfig config;
  if (!options.scenario.empty()) {
    SimOptions common;
    common.scenarios = {options.scenario};
    common.sets = options.sets;
    common.jobs_from = JobsFrom::kPeople;
    std::vector<RunOrder> orders = plan_runs(common);
    if (orders.size() != 1) {
      throw InputError({"command line", 0, 0, "one policy and one seed", "several of them",
                        "a controller has one policy"});
    }
    config.scenario = orders.front().scenario;
  } else if (!options.sets.empty()) {
    throw InputError({"--set", 0, 0, "a SCENARIO to be changed", "none",
                      "a state goes on with the scenario that it was begun with"});
  }
  config.state = options.state;
  config.wire.endpoint = options.listen;
  config.wire.news = options.news;
  config.wire.plain = options.plain;
  if (!options.keys.empty()) config.wire.keys = live::read_secret(options.keys);
  if (!options.authorised.empty()) {
    config.wire.authorised = live::read_authorised(options.authorised);
  }
  config.lost_after = Duration::ceil_seconds(options.lost_after_s);
  config.segment_bytes = options.segment_kib * 1024;
  config.prune = options.prune;
  config.tell = [](const std::string& line) { complain(line); };
  return config;
}

int run_controller(const ControllerOptions& options) {
  watch_for_interrupt();
  ControllerService service(service_config(options));
  live::ApiServer api(api_config(options, service.folder()), service);
  service.start();
  api.start();
  complain("controller of " + service.run() + ": agents on " + service.endpoint() + ", people on " +
           api.url());
  if (api.made_first_token()) {
    complain("the first admin's token is in " + (service.folder() / "admin.token").string());
  }
  while (!interrupt_wanted()) service.work(std::chrono::milliseconds(100));
  return kDone;
}

// ---- orrery agent ------------------------------------------------------------------------------

struct AgentOptions {
  std::string name;
  std::string controller = "tcp://127.0.0.1:7601";
  std::string state;
  std::string keys;
  std::string controller_key;
  bool plain = false;
  std::string driver = "process";
  std::string socket = "/var/run/docker.sock";
  std::vector<std::string> images;
  bool limits = false;
  bool gpus = false;
  std::string nvml = live::nvml::kDefaultLibrary;
  double grace_s = 10;
};

std::unique_ptr<live::Driver> make_driver(const AgentOptions& options, const AgentNode& node,
                                          const std::string& run) {
  std::filesystem::path notes = std::filesystem::absolute(node.state) / "containers";
  if (options.driver == "engine") {
    live::EngineConfig config;
    config.socket = options.socket;
    config.run = run;
    config.notes = notes;
    config.policy.images = {options.images.begin(), options.images.end()};
    return std::make_unique<live::EngineDriver>(std::move(config));
  }
  return std::make_unique<live::ProcessDriver>(live::ProcessDriverConfig{run, notes});
}

int run_agent(const AgentOptions& options) {
  if (options.driver != "process" && options.driver != "engine") {
    throw InputError({"--driver", 0, 0, "process or engine", in_quotes(options.driver),
                      suggestion(options.driver, {"process", "engine"})});
  }
  if (options.driver == "engine" && options.images.empty()) {
    throw InputError({"--image", 0, 0, "each image that containers may be of", "none",
                      "an agent with a container engine starts no other"});
  }
  AgentConfig config;
  AgentNode node;
  node.link.endpoint = options.controller;
  node.link.name = options.name;
  node.link.plain = options.plain;
  if (!options.keys.empty()) node.link.keys = live::read_secret(options.keys);
  if (!options.controller_key.empty()) {
    node.link.server_key = live::read_controller_key(options.controller_key);
  }
  node.state = options.state;
  config.nodes = {node};
  config.make_driver = [options](const AgentNode& about, const std::string& run) {
    return make_driver(options, about, run);
  };
  config.limits = options.limits;
  config.grace = Duration::ceil_seconds(options.grace_s);
  config.tell = [](const std::string& line) { complain(line); };
  HandedGpus handed;
  if (options.gpus) {
    handed = handed_gpus(options.nvml);
    config.gpus = handed.uuids;
    complain("node " + options.name + " hands out " + std::to_string(config.gpus.size()) + " GPUs");
  }
  watch_for_interrupt();
  AgentHost host(std::move(config));
  host.start();
  while (!interrupt_wanted()) host.work(std::chrono::milliseconds(100));
  return kDone;
}

}  // namespace

void add_controller(CLI::App& app, Action& action) {
  auto o = std::make_shared<ControllerOptions>();
  CLI::App* verb = app.add_subcommand("controller", "Serve a cluster: decide for its agents");
  verb->add_option("SCENARIO", o->scenario,
                   "The cluster and its policy; left out: that of the state");
  verb->add_option("--state", o->state, "The folder that holds what outlives this process")
      ->type_name("DIR")
      ->required();
  verb->add_option("--set", o->sets, "Change a key of the scenario: policy.order=sjf")
      ->type_name("KEY=VALUE");
  verb->add_option("--listen", o->listen, "Where agents connect (default tcp://127.0.0.1:7601)")
      ->type_name("ENDPOINT");
  verb->add_option("--news", o->news, "Where watchers connect (default: nowhere)")
      ->type_name("ENDPOINT");
  verb->add_option("--keys", o->keys, "The controller's secret file, as orrery keygen makes it")
      ->type_name("FILE");
  verb->add_option("--authorised", o->authorised, "The public files of all that may come in")
      ->type_name("FILE");
  verb->add_flag("--plain", o->plain,
                 "No keys, although others can reach the endpoint: where the network is trusted");
  verb->add_option("--http", o->http, "Where people are served (default 127.0.0.1:7602)")
      ->type_name("ADDRESS:PORT");
  verb->add_flag("--http-beyond-loopback", o->http_beyond_loopback,
                 "Serve an address that others can reach, although nothing is encrypted");
  verb->add_option("--lost-after", o->lost_after_s,
                   "Give up a node that was silent for so many seconds (default 300)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 1e6));
  verb->add_flag("--prune", o->prune,
                 "Remove what of the journal stands before the oldest of the last snapshots");
  verb->add_option("--segment-kib", o->segment_kib,
                   "Go on in another file of the journal after so many KiB (default 65536)")
      ->type_name("KIB")
      ->check(CLI::Range(1, 1 << 30));
  verb->footer(kControllerExamples);
  verb->callback([&action, o] { action = [o] { return run_controller(*o); }; });
}

void add_agent(CLI::App& app, Action& action) {
  auto o = std::make_shared<AgentOptions>();
  CLI::App* verb = app.add_subcommand("agent", "Serve a node: run containers for a controller");
  verb->add_option("NAME", o->name, "The node's name in the controller's scenario")->required();
  verb->add_option("--controller", o->controller,
                   "Where the controller listens (default tcp://127.0.0.1:7601)")
      ->type_name("ENDPOINT");
  verb->add_option("--state", o->state, "The folder that holds what outlives this process")
      ->type_name("DIR")
      ->required();
  verb->add_option("--keys", o->keys, "This node's secret file")->type_name("FILE");
  verb->add_option("--controller-key", o->controller_key, "The controller's public file")
      ->type_name("FILE");
  verb->add_flag("--plain", o->plain,
                 "No keys, although others can reach the endpoint: where the network is trusted");
  verb->add_option("--driver", o->driver, "process or engine (default process)")->type_name("NAME");
  verb->add_option("--socket", o->socket, "The engine's (default /var/run/docker.sock)")
      ->type_name("FILE");
  verb->add_option("--image", o->images, "An image that containers may be of")->type_name("IMAGE");
  verb->add_flag("--limits", o->limits, "Give containers no more than their part was given");
  verb->add_flag("--gpus", o->gpus, "Hand the GPUs of this machine to containers, by NVML");
  verb->add_option("--nvml", o->nvml, "The NVML to load (default libnvidia-ml.so.1)")
      ->type_name("PATH");
  verb->add_option("--grace", o->grace_s,
                   "Seconds from the request to stop to the kill (default 10)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e5));
  verb->footer(kAgentExamples);
  verb->callback([&action, o] { action = [o] { return run_agent(*o); }; });
}

}  // namespace orrery::cli
