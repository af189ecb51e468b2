// orrery help, policies, completion, man: what the command says about itself.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "policies/registry.hpp"

namespace orrery::cli {

namespace {

struct Kind {
  const char* key;
  std::vector<NamedPart> parts;
};

std::vector<Kind> kinds() {
  return {{"order", order_names()},
          {"backfill", backfill_names()},
          {"place", placement_names()},
          {"preempt", preemption_names()}};
}

int list_policies(bool json) {
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Kind& kind : kinds()) {
      for (const NamedPart& part : kind.parts) {
        all.push_back({{"key", kind.key},
                       {"name", part.name},
                       {"meaning", part.meaning},
                       {"keys", part.keys},
                       {"paper", part.paper},
                       {"reproduced", part.reproduced}});
      }
    }
    print(all.dump(2) + "\n");
    return kDone;
  }
  std::string text =
      "A policy is an order, a backfill and a place joined by \"+\": sjf+easy+best-fit. What is "
      "left\nout is fcfs, none and first-fit. Preempt says how an order that preempts takes jobs "
      "off.\n";
  for (const Kind& kind : kinds()) {
    text += std::string("\n") + kind.key + "\n";
    for (const NamedPart& part : kind.parts) {
      std::string name(part.name);
      name.resize(std::max<size_t>(name.size() + 2, 16), ' ');
      text += "  " + name + std::string(part.meaning) + "\n";
      const auto more = [&](const char* what, std::string_view words) {
        if (!words.empty()) text += std::string(18, ' ') + what + std::string(words) + "\n";
      };
      more("keys: ", part.keys);
      more("paper: ", part.paper);
      more("reproduces: ", part.reproduced);
    }
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
    for (const CLI::App* verb : verbs_of(*at)) {
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
  print(help_of(*at));
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
  help->callback(
      [&app, &action, topic] { action = [&app, topic] { return show_help(app, *topic); }; });
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
