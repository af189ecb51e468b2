// The command `orrery`: its verbs, and the one place where whatever goes wrong becomes a message
// and an exit code.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace orrery::cli {

enum ExitCode : int {
  kDone = 0,
  kCheckFailed = 1,  ///< a checked property does not hold
  kBadInput = 2,
  kEnvironmentMissing = 3,
  kInterrupted = 130,  ///< 128 + SIGINT, as shells do
};

/// What the chosen verb does once the command line is read; returns the exit code.
using Action = std::function<int()>;

/// One call each; a verb adds itself to `app` and sets `action` when it is chosen.
void add_sim(CLI::App& app, Action& action);
void add_live(CLI::App& app, Action& action);
void add_controller(CLI::App& app, Action& action);
void add_agent(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_calibrate(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_trace(CLI::App& app, Action& action);
void add_policies(CLI::App& app, Action& action);
void add_keygen(CLI::App& app, Action& action);
void add_gpus(CLI::App& app, Action& action);
void add_probe(CLI::App& app, Action& action);
void add_submit(CLI::App& app, Action& action);
void add_jobs(CLI::App& app, Action& action);     ///< ps, logs, cancel
void add_nodes(CLI::App& app, Action& action);    ///< nodes, drain, undrain
void add_explain(CLI::App& app, Action& action);  ///< explain, eta, plan
void add_top(CLI::App& app, Action& action);
void add_token(CLI::App& app, Action& action);
void add_help(CLI::App& app, Action& action);

/// The verbs below `app` that people are told of.
std::vector<const CLI::App*> verbs_of(const CLI::App& app);

/// The help of a verb under its full name, "orrery trace gen".
std::string help_of(const CLI::App& verb);

/// The whole command line, made of the verbs above.
std::unique_ptr<CLI::App> make_app(Action& action);

/// Runs a command line and returns its exit code. Prints on stdout and stderr; throws nothing.
int run_command(const std::vector<std::string>& arguments);

/// What is to be said about an error, a line each, and the exit code that it means: the one place
/// where this is decided.
struct Verdict {
  ExitCode code = kDone;
  std::vector<std::string> lines;
};
Verdict judge(const std::exception_ptr& error);

/// A checked property does not hold; what() says which and where. Exit code 1.
class PropertyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A controller refuses what was asked of it; what() says why and what to do. kBadInput, or
/// kCheckFailed when it is too late for that.
class RequestError : public std::runtime_error {
 public:
  RequestError(ExitCode code, const std::string& why) : std::runtime_error(why), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// The user asked to stop.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// Stops the process cleanly at the next chance when the user interrupts it.
void watch_for_interrupt();
bool interrupt_wanted();

/// Writes to stdout. A reader that has gone away is no error; a full disk is an EnvironmentError.
void print(const std::string& text);
/// Writes a line to stderr, after "orrery: ".
void complain(const std::string& text);

/// The shell completion script for "bash", "zsh" or "fish", made from the verbs and their options.
std::string completion_script(const CLI::App& app, const std::string& shell);
/// The manual page orrery(1) as roff.
std::string manual_page(const CLI::App& app);

/// The engine's version, "0.1.0".
const char* version();

}  // namespace orrery::cli
