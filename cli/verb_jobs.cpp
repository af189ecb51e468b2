// orrery ps, logs, cancel: the jobs of a controller.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "actors/error.hpp"
#include "cli/api_client.hpp"
#include "cli/api_text.hpp"
#include "cli/command.hpp"

namespace orrery::cli {

namespace {

using nlohmann::ordered_json;

struct PsOptions {
  ClientOptions client;
  bool all = false;
  std::string user;
  std::string state;
  uint32_t most = 1000;
};

int list_jobs(const PsOptions& o) {
  ApiClient client(o.client);
  std::string path = "/v1/jobs?most=" + std::to_string(o.most);
  // A state that ends a job can only be seen among the ended.
  if (o.all || !o.state.empty()) path += "&ended=true";
  if (!o.user.empty()) path += "&user=" + encoded(o.user);
  if (!o.state.empty()) path += "&state=" + encoded(o.state);
  if (o.client.json) {
    print(client.call("GET", path).body);
  } else {
    print(jobs_text(list_of(client.json("GET", path), "jobs"), now_seconds()));
  }
  return kDone;
}

struct LogsOptions {
  ClientOptions client;
  std::string job;
  bool follow = false;
  uint32_t attempt = 0;  // 0: the latest
  uint32_t part = 0;
};

/// Waits a little before asking again.
void rest() {
  for (int i = 0; i < 25; ++i) {
    if (interrupt_wanted()) throw Interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

class LogPrinter {
 public:
  LogPrinter(ApiClient& client, const LogsOptions& o, uint32_t job)
      : client_(client), o_(o), job_(job) {}

  /// Prints a piece; false at the end of what there is.
  bool print_piece() {
    std::string path = job_path(job_, "/log?part=" + std::to_string(o_.part)) + "&from=" + next_;
    if (o_.attempt > 0) path += "&attempt=" + std::to_string(o_.attempt);
    ApiClient::Reply reply = client_.call("GET", path);
    const bool more = !reply.body.empty();
    ended_ = reply.headers["orrery-log-ended"] == "true";
    next_ = reply.headers["orrery-log-next"];
    if (next_.empty()) {
      throw EnvironmentError("what listens at " + client_.controller() +
                             " is no controller of orrery: it sends no Orrery-Log-Next");
    }
    if (!o_.client.json) {
      print(reply.body);
    } else if (more || ended_) {
      const ordered_json piece{{"job", job_},
                               {"part", o_.part},
                               {"next", next_},
                               {"ended", ended_},
                               {"text", reply.body}};
      print(piece.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
    }
    return more;
  }
  bool ended() const { return ended_; }

 private:
  ApiClient& client_;
  const LogsOptions& o_;
  uint32_t job_;
  std::string next_ = "0";
  bool ended_ = false;
};

int show_log(const LogsOptions& o) {
  ApiClient client(o.client);
  const uint32_t job = find_job(client, o.job);
  // There is no output before the job has started, and none to come when it never will.
  while (o.follow) {
    const ordered_json row = client.json("GET", job_path(job));
    if (number_of(row, "attempts") > 0 || !is_null(row, "ended")) break;
    rest();
  }
  LogPrinter printer(client, o, job);
  while (true) {
    const bool more = printer.print_piece();
    if (interrupt_wanted()) throw Interrupted();
    if (more && !printer.ended()) continue;
    if (printer.ended() || !o.follow) return kDone;
    rest();
  }
}

struct CancelOptions {
  ClientOptions client;
  std::vector<std::string> jobs;
};

int cancel_jobs(const CancelOptions& o) {
  ApiClient client(o.client);
  int code = kDone;
  ordered_json told = ordered_json::array();
  for (const std::string& word : o.jobs) {
    try {
      const ordered_json job = client.json("DELETE", job_path(find_job(client, word)));
      told.push_back({{"asked", word}, {"job", job}, {"error", nullptr}});
      if (o.client.json) continue;
      const std::string state = text_at(job, "state");
      print("job " + std::to_string(static_cast<uint64_t>(number_of(job, "id"))) + " (" +
            text_at(job, "name") + ") " + (state == "cancelled" ? state : "is " + state) + "\n");
    } catch (const Interrupted&) {
      throw;
    } catch (const std::runtime_error&) {
      const Verdict verdict = judge(std::current_exception());
      for (const std::string& line : verdict.lines) complain(line);
      code = std::max(code, static_cast<int>(verdict.code));
      told.push_back({{"asked", word}, {"job", nullptr}, {"error", verdict.lines.front()}});
    }
  }
  if (o.client.json) print(ordered_json{{"jobs", told}}.dump(2) + "\n");
  return code;
}

void add_ps(CLI::App& app, Action& action) {
  auto o = std::make_shared<PsOptions>();
  CLI::App* verb = app.add_subcommand("ps", "List the jobs of a controller");
  verb->add_flag("-a,--all", o->all, "Also those that have ended");
  verb->add_option("-u,--user", o->user, "Only this user's")->type_name("NAME");
  verb->add_option("--state", o->state, "Only those in this state")->type_name("STATE");
  verb->add_option("--most", o->most, "The latest so many (default: 1000)")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000).description(""));
  add_client_options(*verb, o->client);
  verb->footer(
      "Examples:\n"
      "  orrery ps\n"
      "  orrery ps -a --user ada\n"
      "  orrery ps --state failed --json");
  verb->callback([&action, o] { action = [o] { return list_jobs(*o); }; });
}

void add_logs(CLI::App& app, Action& action) {
  auto o = std::make_shared<LogsOptions>();
  CLI::App* verb = app.add_subcommand("logs", "Print the output of a job");
  verb->add_option("JOB", o->job, "The job, by number or by name")->required();
  verb->add_flag("-f,--follow", o->follow, "Wait for more until the job has ended");
  verb->add_option("--attempt", o->attempt, "Which attempt, from 1 (default: the latest)")
      ->type_name("N")
      ->check(CLI::Range(1u, UINT32_MAX).description(""));
  verb->add_option("--part", o->part, "Which part of the gang, from 0 (default: 0)")
      ->type_name("N");
  add_client_options(*verb, o->client);
  verb->footer(
      "Examples:\n"
      "  orrery logs 7\n"
      "  orrery logs -f train");
  verb->callback([&action, o] { action = [o] { return show_log(*o); }; });
}

void add_cancel(CLI::App& app, Action& action) {
  auto o = std::make_shared<CancelOptions>();
  CLI::App* verb = app.add_subcommand("cancel", "Cancel jobs");
  verb->add_option("JOB", o->jobs, "The jobs, by number or by name")->required();
  add_client_options(*verb, o->client);
  verb->footer(
      "Examples:\n"
      "  orrery cancel 7 8\n"
      "  orrery cancel train");
  verb->callback([&action, o] { action = [o] { return cancel_jobs(*o); }; });
}

}  // namespace

void add_jobs(CLI::App& app, Action& action) {
  add_ps(app, action);
  add_logs(app, action);
  add_cancel(app, action);
}

}  // namespace orrery::cli
