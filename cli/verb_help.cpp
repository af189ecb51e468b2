// orrery help, policies, completion, man: what the command says about itself.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "cli/table.hpp"

namespace orrery::cli {

namespace {

struct Named {
  const char* kind;
  const char* name;
  const char* help;
};

constexpr Named kPolicies[] = {
    {"order", "fcfs", "first come, first served"},
    {"order", "sjf", "the shortest requested time first"},
    {"order", "srtf", "the shortest remaining time first; preempts"},
    {"order", "priority", "the highest priority first, waiting adds ageing_per_hour"},
    {"order", "fair-share", "who used least lately first; past usage halves every half_life"},
    {"order", "las", "least attained service first, in queues (Tiresias, NSDI 2019); preempts"},
    {"backfill", "none", "nobody passes a job that waits"},
    {"backfill", "easy", "later jobs may pass if the first that waits starts no later for it"},
    {"backfill", "conservative", "later jobs may pass if no job that waits starts later for it"},
    {"place", "first-fit", "the first nodes that fit"},
    {"place", "best-fit", "the nodes that will have least left"},
    {"place", "worst-fit", "the nodes that will have most left"},
    {"place", "consolidate", "as few nodes as possible for a gang"},
    {"place", "random", "any nodes that fit, drawn by the seed"},
};

int list_policies(bool json) {
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Named& part : kPolicies) {
      all.push_back({{"kind", part.kind}, {"name", part.name}, {"help", part.help}});
    }
    print(all.dump(2) + "\n");
    return kDone;
  }
  std::string text = "A policy is one of each kind, joined by \"+\": sjf+easy+best-fit. What is left "
                     "out is\nfcfs, none, first-fit.\n";
  std::string kind;
  for (const Named& part : kPolicies) {
    if (kind != part.kind) text += std::string("\n") + part.kind + "\n";
    kind = part.kind;
    std::string name = part.name;
    text += "  " + name + std::string(14 - name.size(), ' ') + part.help + "\n";
  }
  print(text);
  return kDone;
}

std::string scenario_help() {
  std::string text = "Keys of a scenario, also for --set; docs/scenario.md explains them.\n\n";
  for (const FieldInfo& field : scenario_reference()) {
    text += field.path + "\n    " + field.help + "\n    " + field.expected;
    if (!field.value.empty()) text += "; default " + field.value;
    text += "\n";
  }
  return text;
}

int show_help(const CLI::App& root, const std::vector<std::string>& topic) {
  if (topic.size() == 1 && topic.front() == "scenario") {
    print(scenario_help());
    return kDone;
  }
  const CLI::App* at = &root;
  for (const std::string& word : topic) {
    std::vector<std::string> names{"scenario"};
    const CLI::App* next = nullptr;
    for (const CLI::App* verb : at->get_subcommands({})) {
      names.push_back(verb->get_name());
      if (verb->get_name() == word) next = verb;
    }
    if (next == nullptr) {
      std::string hint = suggestion(word, names);
      throw InputError({"command line", 0, 0, "a verb, or scenario", in_quotes(word),
                        hint.empty() ? "orrery help lists the verbs" : hint});
    }
    at = next;
  }
  print(at->help());
  return kDone;
}

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print the completion script of a shell");
  verb->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  verb->footer(
      "Examples:\n"
      "  orrery completion bash > /etc/bash_completion.d/orrery\n"
      "  orrery completion zsh > ~/.zfunc/_orrery\n"
      "  orrery completion fish > ~/.config/fish/completions/orrery.fish");
  verb->callback([&app, &action, shell] {
    action = [&app, shell] {
      const std::vector<std::string> shells{"bash", "zsh", "fish"};
      if (std::find(shells.begin(), shells.end(), *shell) == shells.end()) {
        throw InputError({"command line", 0, 0, "bash, zsh or fish", in_quotes(*shell),
                          suggestion(*shell, shells)});
      }
      print(completion_script(app, *shell));
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace

void add_policies(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("policies", "List what policies are made of");
  verb->add_flag("--json", *json, "Print JSON");
  verb->footer("Example:\n  orrery policies");
  verb->callback([&action, json] { action = [json] { return list_policies(*json); }; });
}

void add_help(CLI::App& app, Action& action) {
  auto topic = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Explain a verb, or the keys of a scenario");
  help->add_option("TOPIC", *topic, "A verb such as sim or trace gen, or scenario");
  help->footer("Examples:\n  orrery help sim\n  orrery help trace gen\n  orrery help scenario");
  help->callback([&app, &action, topic] {
    action = [&app, topic] { return show_help(app, *topic); };
  });
  add_completion(app, action);
  CLI::App* man = app.add_subcommand("man", "Print the manual page, as roff");
  man->footer("Example:\n  orrery man | man -l -");
  man->callback([&app, &action] {
    action = [&app] {
      print(manual_page(app));
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace orrery::cli
