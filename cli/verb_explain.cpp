// orrery explain, eta, plan: why a job waits, when it is expected, what the policy would do now.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/api_text.hpp"
#include "cli/command.hpp"

namespace orrery::cli {

namespace {

struct AskOptions {
  ClientOptions client;
  std::string job;
};

using Text = std::string (*)(const nlohmann::ordered_json&);

int ask(const AskOptions& o, const std::string& rest, Text text) {
  ApiClient client(o.client);
  const std::string path = job_path(find_job(client, o.job), rest);
  print(o.client.json ? client.call("GET", path).body : text(client.json("GET", path)));
  return kDone;
}

int show_plan(const ClientOptions& o) {
  ApiClient client(o);
  print(o.json ? client.call("GET", "/v1/plan").body
               : plan_text(list_of(client.json("GET", "/v1/plan"), "steps")));
  return kDone;
}

void add_question(CLI::App& app, Action& action, const char* name, const char* help, Text text) {
  auto o = std::make_shared<AskOptions>();
  CLI::App* verb = app.add_subcommand(name, help);
  verb->add_option("JOB", o->job, "The job, by number or by name")->required();
  add_client_options(*verb, o->client);
  verb->footer(std::string("Example:\n  orrery ") + name + " 7");
  verb->callback([&action, o, rest = std::string("/") + name, text] {
    action = [o, rest, text] { return ask(*o, rest, text); };
  });
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  add_question(app, action, "explain", "Say why a job waits and what would change it",
               explanation_text);
  add_question(app, action, "eta", "Say when a job is expected to start and to end", estimate_text);
  auto o = std::make_shared<ClientOptions>();
  CLI::App* plan = app.add_subcommand("plan", "Show what the policy would do now");
  add_client_options(*plan, *o);
  plan->footer("Example:\n  orrery plan");
  plan->callback([&action, o] { action = [o] { return show_plan(*o); }; });
}

}  // namespace orrery::cli
