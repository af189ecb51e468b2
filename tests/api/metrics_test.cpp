// Metrics as Prometheus' own tools read them.
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "live/api/exposition.hpp"
#include "live/api/json.hpp"
#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

namespace fs = std::filesystem;
using Kind = Metric::Kind;

TEST(Exposition, HasTheFormThatTheFormatAsksFor) {
  FakeOperations operations;
  EXPECT_EQ(exposition(operations.metrics()),
            "# HELP orrery_jobs Jobs by state.\n"
            "# TYPE orrery_jobs gauge\n"
            "orrery_jobs{state=\"pending\"} 0\n"
            "# HELP orrery_decisions_total Decisions, with \\\\ and\\na line end.\n"
            "# TYPE orrery_decisions_total counter\n"
            "orrery_decisions_total{kind=\"a \\\"quoted\\\" \\\\ one\\nin two lines ?\"} 12\n"
            "# HELP orrery_decide_seconds How long the policy took.\n"
            "# TYPE orrery_decide_seconds histogram\n"
            "orrery_decide_seconds_bucket{le=\"0.1\"} 1\n"
            "orrery_decide_seconds_bucket{le=\"+Inf\"} 2\n"
            "orrery_decide_seconds_sum 0.25\n"
            "orrery_decide_seconds_count 2\n");
}

TEST(Exposition, MendsWhatPrometheusWouldNotRead) {
  const double nan = std::nan("");
  const std::vector<Metric> metrics{
      {"9 lives", "", Kind::kGauge, {{{{"a-b", "x"}, {"a_b", "y"}}, nan}}},
      {"9 lives", "twice", Kind::kGauge, {{{}, 1}}},
      {"big", "Big.", Kind::kGauge, {{{{"s", "+"}}, INFINITY}, {{{"s", "-"}}, -INFINITY}}},
      {"exact", "Exact.", Kind::kCounter, {{{}, 0.1}, {{{"s", "n"}}, 1e22}}},
  };
  EXPECT_EQ(exposition(metrics),
            "# HELP _9_lives \n# TYPE _9_lives gauge\n_9_lives{a_b=\"x\"} NaN\n"
            "# HELP big Big.\n# TYPE big gauge\nbig{s=\"+\"} +Inf\nbig{s=\"-\"} -Inf\n"
            "# HELP exact Exact.\n# TYPE exact counter\nexact 0.1\nexact{s=\"n\"} 1e+22\n");
}

class Metrics : public Stage {
 protected:
  Metrics() { open(); }

  static bool has(const char* program) {
    return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
  }
};

TEST_F(Metrics, SatisfyPromtool) {
  if (!has("promtool")) GTEST_SKIP() << "no promtool here (Debian package prometheus)";
  // The counter of requests has samples from the second request on.
  ask("GET", "/metrics", "", user());
  const Got got = ask("GET", "/metrics", "", user());
  ASSERT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.at("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(got.body.find("orrery_http_requests_total{method=\"GET\",status=\"200\"} 1\n"),
            std::string::npos)
      << got.body;
  const fs::path text = folder_.path() / "metrics";
  const fs::path said = folder_.path() / "said";
  std::ofstream(text, std::ios::binary) << got.body;
  const int status = std::system(
      ("promtool check metrics <'" + text.string() + "' >'" + said.string() + "' 2>&1").c_str());
  EXPECT_EQ(status, 0) << read_all(said) << "\n" << got.body;
  EXPECT_EQ(read_all(said), "");
}

/// A Prometheus of the test's own, ended with it.
class Prometheus {
 public:
  Prometheus(const fs::path& folder, const fs::path& config) : pid_(::fork()) {
    if (pid_ != 0) return;
    const std::string file = "--config.file=" + config.string();
    const std::string store = "--storage.tsdb.path=" + (folder / "store").string();
    const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execlp("prometheus", "prometheus", file.c_str(), store.c_str(),
             "--web.listen-address=127.0.0.1:0", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;
  ~Prometheus() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

/// What Prometheus answers to a query for `metric`; empty while it does not. Its log names the port
/// that it was given.
nlohmann::json answer_of_query(const fs::path& log, const std::string& metric) {
  const std::string text = read_all(log);
  const std::string before = "msg=\"Listening on\" address=127.0.0.1:";
  const size_t at = text.find(before);
  uint64_t port = 0;
  if (at == std::string::npos) return {};
  const std::string rest = text.substr(at + before.size(), 6);
  if (!parse_number(rest.substr(0, rest.find_first_not_of("0123456789")), 1, 65535, port))
    return {};
  Client client(static_cast<uint16_t>(port));
  client.send("GET /api/v1/query?query=" + metric +
              " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  const Got got = parse_answer(client.receive());
  return got.status == 200 ? got.json()["data"]["result"] : nlohmann::json();
}

TEST_F(Metrics, AreScrapedByPrometheus) {
  if (!has("prometheus")) GTEST_SKIP() << "no prometheus here (Debian package prometheus)";
  const fs::path secret = folder_.path() / "token";
  std::ofstream(secret) << token(TokenRole::kReadOnly);
  const fs::path config = folder_.path() / "prometheus.yml";
  std::ofstream(config) << "global: {scrape_interval: 200ms}\n"
                           "scrape_configs:\n"
                           "  - job_name: orrery\n"
                           "    authorization: {credentials_file: '"
                        << secret.string()
                        << "'}\n    static_configs: [{targets: ['127.0.0.1:" << server_->port()
                        << "']}]\n";
  const Prometheus prometheus(folder_.path(), config);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  nlohmann::json found;
  while (found.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    found = answer_of_query(folder_.path() / "log", "orrery_decide_seconds_bucket");
  }
  ASSERT_EQ(found.size(), 2u) << read_all(folder_.path() / "log");
  EXPECT_EQ(found[0]["metric"]["job"], "orrery");
  const size_t last = found[0]["metric"]["le"] == "+Inf" ? 0 : 1;
  EXPECT_EQ(found[last]["metric"]["le"], "+Inf");
  EXPECT_EQ(found[last]["value"][1], "2");
  const auto escaped = answer_of_query(folder_.path() / "log", "orrery_decisions_total");
  ASSERT_EQ(escaped.size(), 1u);
  EXPECT_EQ(escaped[0]["metric"]["kind"], "a \"quoted\" \\ one\nin two lines ?");
}

}  // namespace
}  // namespace orrery::live::api
