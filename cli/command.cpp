#include "cli/command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "actors/error.hpp"
#include "cli/fields.hpp"
#include "cli/plugins.hpp"

namespace orrery::cli {

namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void on_interrupt(int) { interrupted = 1; }

bool stdout_is_gone = false;

// The verb that was being read when the command line went wrong.
const CLI::App* deepest_parsed(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string full_name(const CLI::App* app) {
  std::string name = app->get_name();
  for (app = app->get_parent(); app != nullptr; app = app->get_parent()) {
    name = app->get_name() + " " + name;
  }
  return name;
}

// "see orrery help trace gen"
std::string see_help(const CLI::App& verb) {
  std::string name = full_name(&verb);
  return "see orrery help" + name.substr(std::min(name.find(' '), name.size()));
}

InputError unknown_argument(const CLI::App& verb, const std::string& word) {
  std::vector<std::string> names;
  bool is_option = word.starts_with("-");
  if (is_option) {
    for (const CLI::Option* option : verb.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  } else {
    for (const CLI::App* sub : verbs_of(verb)) names.push_back(sub->get_name());
  }
  std::string hint = suggestion(word.substr(0, word.find('=')), names);
  if (hint.empty()) hint = see_help(verb);
  std::string expected = is_option       ? "an option of " + full_name(&verb)
                         : names.empty() ? "no further argument of " + full_name(&verb)
                                         : "a verb of " + full_name(&verb);
  return InputError({"command line", 0, 0, expected, in_quotes(word), hint});
}

int report_parse_error(const CLI::App& app, const CLI::ParseError& e) {
  const CLI::App* verb = deepest_parsed(app);
  if (dynamic_cast<const CLI::CallForHelp*>(&e) != nullptr) {
    print(help_of(*verb));
    return kDone;
  }
  if (dynamic_cast<const CLI::CallForVersion*>(&e) != nullptr) {
    print(std::string("orrery ") + version() + "\n");
    return kDone;
  }
  std::vector<std::string> rest = app.remaining(true);
  bool no_verb = !verb->get_subcommands({}).empty();
  if (!rest.empty() && (no_verb || dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr)) {
    complain(unknown_argument(*verb, rest.front()).what());
    return kBadInput;
  }
  std::string text = no_verb ? "expected a verb, found none" : e.what();
  complain("command line: " + text + "; " + see_help(*verb));
  return kBadInput;
}

void check_arguments(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    size_t bad = 0;
    if (is_clean_text(arguments[i], bad)) continue;
    throw InputError({"command line", 0, 0, "text in UTF-8",
                      "other bytes in argument " + std::to_string(i + 1), ""});
  }
}

}  // namespace

Verdict judge(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const InputErrors& e) {
    Verdict verdict{kBadInput, {}};
    for (const InputError& one : e.all()) verdict.lines.emplace_back(one.what());
    return verdict;
  } catch (const InputError& e) {
    return {kBadInput, {e.what()}};
  } catch (const EnvironmentError& e) {
    return {kEnvironmentMissing, {e.what()}};
  } catch (const RequestError& e) {
    return {e.code(), {e.what()}};
  } catch (const PropertyError& e) {
    return {kCheckFailed, {e.what()}};
  } catch (const Interrupted& e) {
    return {kInterrupted, {e.what()}};
  } catch (const std::bad_alloc&) {
    return {kEnvironmentMissing, {"not enough memory"}};
  } catch (const std::exception& e) {
    return {kCheckFailed, {std::string("a bug in orrery: ") + e.what()}};
  }
}

const char* version() { return ORRERY_VERSION; }

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  // The second interrupt ends the process at once.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupt_wanted() { return interrupted != 0; }

void print(const std::string& text) {
  if (stdout_is_gone) return;
  errno = 0;
  size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written == text.size() && std::fflush(stdout) == 0) return;
  stdout_is_gone = true;
  if (errno == EPIPE) return;
  throw EnvironmentError(std::string("cannot write to standard output: ") + std::strerror(errno));
}

void complain(const std::string& text) {
  std::string line = "orrery: " + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

std::string help_of(const CLI::App& verb) {
  const CLI::App* parent = verb.get_parent();
  // A verb that was parsed would otherwise print the help of the verb below it.
  return verb.get_formatter()->make_help(
      &verb, (parent == nullptr ? "" : full_name(parent) + " ") + verb.get_name(),
      CLI::AppFormatMode::Normal);
}

std::unique_ptr<CLI::App> make_app(Action& action) {
  auto app = std::make_unique<CLI::App>(
      "Orrery winds a cluster forward: it replays a workload under a scheduling policy in virtual "
      "time\nand leaves a record of the run behind.",
      "orrery");
  app->get_formatter()->column_width(30);
  app->set_version_flag("--version", version(), "Print the version");
  app->require_subcommand(1);
  // Read by load_plugins() before this; here for the help and so that it may stand behind a verb.
  app->add_option("--plugin", "Load policies from a shared library (docs/plugins.md)")
      ->type_name("FILE");
  app->fallthrough();
  add_sim(*app, action);
  add_live(*app, action);
  add_controller(*app, action);
  add_agent(*app, action);
  add_replay(*app, action);
  add_compare(*app, action);
  add_calibrate(*app, action);
  add_check(*app, action);
  add_trace(*app, action);
  add_policies(*app, action);
  add_keygen(*app, action);
  add_gpus(*app, action);
  add_probe(*app, action);
  add_submit(*app, action);
  add_jobs(*app, action);
  add_nodes(*app, action);
  add_explain(*app, action);
  add_top(*app, action);
  add_token(*app, action);
  add_help(*app, action);
  app->footer(
      "First steps:\n"
      "  orrery sim scenarios/demo.yaml                       run a scenario\n"
      "  orrery sim scenarios/demo.yaml --policy fcfs,easy    compare two policies\n"
      "  orrery sim --trace log.swf.gz --nodes 100 --out run  no scenario needed\n"
      "  orrery live scenarios/live-processes.yaml            run its jobs for real, here\n"
      "  orrery help sim                                      all options, with examples\n\n"
      "Exit codes: 0 done, 1 a checked property failed, 2 bad input, 3 environment missing.");
  return app;
}

int run_command(const std::vector<std::string>& arguments) {
  // A reader of stdout that goes away shows as a failed write instead.
  std::signal(SIGPIPE, SIG_IGN);
  // And so does a file that may grow no further (ulimit -f). With a handler, programs that this one
  // starts get the default back.
  std::signal(SIGXFSZ, [](int) {});
  try {
    check_arguments(arguments);
    load_plugins(arguments);
    Action action;
    auto app = make_app(action);
    if (arguments.empty()) {
      print(help_of(*app));
      return kDone;
    }
    try {
      app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& e) {
      return report_parse_error(*app, e);
    }
    return action();
  } catch (...) {
    Verdict verdict = judge(std::current_exception());
    for (const std::string& line : verdict.lines) complain(line);
    return verdict.code;
  }
}

}  // namespace orrery::cli
