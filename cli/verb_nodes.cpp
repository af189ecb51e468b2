// orrery nodes, drain, undrain: the nodes of a controller.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/api_text.hpp"
#include "cli/command.hpp"

namespace orrery::cli {

namespace {

using nlohmann::ordered_json;

int list_nodes(const ClientOptions& o) {
  ApiClient client(o);
  if (o.json) {
    print(client.call("GET", "/v1/nodes").body);
  } else {
    print(nodes_text(list_of(client.json("GET", "/v1/nodes"), "nodes")));
  }
  return kDone;
}

struct DrainOptions {
  ClientOptions client;
  std::string node;
  std::string reason;
};

int drain(const DrainOptions& o, const char* verb) {
  ApiClient client(o.client);
  const std::string body = ordered_json{{"reason", o.reason}}.dump();
  const std::string path = "/v1/nodes/" + encoded(o.node) + "/" + verb;
  if (o.client.json) {
    print(client.call("POST", path, body).body);
    return kDone;
  }
  const ordered_json node = client.json("POST", path, body);
  std::string jobs;
  for (const auto& job : list_of(node, "jobs")) {
    jobs += (jobs.empty() ? "" : ", ") + job.dump();
  }
  print("node " + text_at(node, "name") + " is " + text_at(node, "state") +
        (jobs.empty() ? "" : "; jobs with parts there: " + jobs) + "\n");
  return kDone;
}

}  // namespace

void add_nodes(CLI::App& app, Action& action) {
  auto o = std::make_shared<ClientOptions>();
  CLI::App* nodes = app.add_subcommand("nodes", "List the nodes of a controller");
  add_client_options(*nodes, *o);
  nodes->footer("Example:\n  orrery nodes");
  nodes->callback([&action, o] { action = [o] { return list_nodes(*o); }; });

  auto d = std::make_shared<DrainOptions>();
  CLI::App* drained = app.add_subcommand("drain", "Give a node no new work; what runs goes on");
  drained->add_option("NODE", d->node, "The node")->required();
  drained->add_option("--reason", d->reason, "Why, for the next who looks")
      ->type_name("TEXT")
      ->required();
  add_client_options(*drained, d->client);
  drained->footer("Example:\n  orrery drain node-3 --reason 'new disk on Friday'");
  drained->callback([&action, d] { action = [d] { return drain(*d, "drain"); }; });

  auto u = std::make_shared<DrainOptions>();
  CLI::App* undrained = app.add_subcommand("undrain", "Let a drained node have work again");
  undrained->add_option("NODE", u->node, "The node")->required();
  undrained->add_option("--reason", u->reason, "Why, for the audit log")->type_name("TEXT");
  add_client_options(*undrained, u->client);
  undrained->footer("Example:\n  orrery undrain node-3");
  undrained->callback([&action, u] { action = [u] { return drain(*u, "undrain"); }; });
}

}  // namespace orrery::cli
