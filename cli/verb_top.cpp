// orrery top: nodes, load and queue of a controller, drawn again and again.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

#include "actors/error.hpp"
#include "cli/api_client.hpp"
#include "cli/api_text.hpp"
#include "cli/command.hpp"

namespace orrery::cli {

namespace {

using nlohmann::ordered_json;

struct TopOptions {
  ClientOptions client;
  bool once = false;
  double interval = 1;  // seconds
};

struct Look {
  ordered_json health;
  ordered_json nodes;
  ordered_json jobs;
};

Look look(ApiClient& client) {
  Look seen;
  // A controller that is not well says so with status 503 and its reasons.
  seen.health = ordered_json::parse(client.ask("GET", "/healthz").body, nullptr, false);
  seen.nodes = list_of(client.json("GET", "/v1/nodes"), "nodes");
  seen.jobs = list_of(client.json("GET", "/v1/jobs"), "jobs");
  return seen;
}

Screen screen() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return {24, 80};
  // The last line stays free, or the terminal would scroll.
  return {static_cast<size_t>(size.ws_row - 1), size.ws_col};
}

/// Hides the cursor while the screen is drawn over, also when the verb ends by an error.
class HiddenCursor {
 public:
  HiddenCursor() { print("\033[?25l\033[2J"); }
  HiddenCursor(const HiddenCursor&) = delete;
  HiddenCursor& operator=(const HiddenCursor&) = delete;
  ~HiddenCursor() {
    try {
      print("\033[?25h");
    } catch (const EnvironmentError&) {
      // Nobody is left to see it.
    }
  }
};

/// From the top left corner, each line cleared behind its end, and all below.
std::string drawn(const std::string& text) {
  std::string out = "\033[H";
  for (const char c : text) out += c == '\n' ? std::string("\033[K\n") : std::string(1, c);
  return out + "\033[J";
}

void rest(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && !interrupt_wanted()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

int watch(ApiClient& client, double interval) {
  // The first look may fail; later ones wait for the controller to come back.
  Look seen = look(client);
  const HiddenCursor hidden;
  std::string trouble;
  while (!interrupt_wanted()) {
    std::string text = trouble;
    text += top_text(seen.health, seen.nodes, seen.jobs, now_seconds(), screen());
    print(drawn(text));
    rest(interval);
    if (interrupt_wanted()) break;
    try {
      seen = look(client);
      trouble.clear();
    } catch (const EnvironmentError& e) {
      trouble = std::string(e.what()).substr(0, screen().columns) + "\n";
    }
  }
  return kInterrupted;
}

int show_top(const TopOptions& o) {
  ApiClient client(o.client);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!o.once && !o.client.json && terminal) return watch(client, o.interval);
  const Look seen = look(client);
  if (o.client.json) {
    const ordered_json all{{"health", seen.health}, {"nodes", seen.nodes}, {"jobs", seen.jobs}};
    print(all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  } else {
    print(top_text(seen.health, seen.nodes, seen.jobs, now_seconds(), {}));
  }
  return kDone;
}

}  // namespace

void add_top(CLI::App& app, Action& action) {
  auto o = std::make_shared<TopOptions>();
  CLI::App* verb =
      app.add_subcommand("top", "Watch the nodes, the load and the queue of a controller");
  verb->add_flag("--once", o->once, "Print once; so it does where stdout is no terminal");
  verb->add_option("--interval", o->interval, "Seconds between two looks (default: 1)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0).description(""));
  add_client_options(*verb, o->client);
  verb->footer("Examples:\n  orrery top\n  orrery top --once");
  verb->callback([&action, o] { action = [o] { return show_top(*o); }; });
}

}  // namespace orrery::cli
