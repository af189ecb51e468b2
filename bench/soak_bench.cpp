// A thousand agents on one controller, all in this process and over TCP on loopback: the real
// controller's service with its journal, the real agents with their links, and containers that are
// only modelled. How much is said, how long a job waits for its container, what an agent weighs;
// and how long the controller then takes to begin again.
#include <algorithm>
#include <atomic>
#include <benchmark/benchmark.h>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "bench/budget.hpp"
#include "cli/scenario.hpp"
#include "cli/service/agent_host.hpp"
#include "cli/service/controller_service.hpp"
#include "live/drivers/fake.hpp"

namespace {

using namespace orrery;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kJobs = 20'000;
constexpr int64_t kJobsPerSecond = 1000;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// Resident now, in bytes.
double resident() {
  std::ifstream file("/proc/self/statm");
  uint64_t whole = 0;
  uint64_t pages = 0;
  file >> whole >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// When jobs were posted, and how long each then waited for its container to be ordered.
class Waits {
 public:
  Waits() : posted_(kJobs), waits_(kJobs, -1) {}
  void posted(uint32_t job) { posted_[job] = Clock::now(); }
  void ordered(uint32_t job) { waits_[job] = seconds_since(posted_[job]); }
  double percentile(double part) const {
    std::vector<double> sorted = waits_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
  }

 private:
  std::vector<Clock::time_point> posted_;
  std::vector<double> waits_;
};

cli::Scenario scenario(uint32_t nodes) {
  cli::Value root = cli::parse_scenario("name: soak\ncluster: " + std::to_string(nodes) +
                                            "x4\npolicy: fcfs+easy\nlive: {sync: never}\n",
                                        "soak.yaml");
  cli::expand_shorthands(root);
  return cli::read_scenario(root, cli::JobsFrom::kPeople);
}

// The agents of so many nodes, whose containers run for 200 ms.
cli::AgentConfig agents_of(uint32_t nodes, const std::string& endpoint, const fs::path& folder,
                           Waits& waits) {
  cli::AgentConfig agents;
  for (uint32_t i = 0; i < nodes; ++i) {
    cli::AgentNode node;
    node.link.endpoint = endpoint;
    node.link.name = "node" + std::to_string(i);
    node.state = folder / node.link.name;
    agents.nodes.push_back(node);
  }
  agents.make_driver = [&](const cli::AgentNode&, const std::string&) {
    return std::make_unique<live::FakeDriver>([&](const live::ContainerOrder& order) {
      waits.ordered(order.key.job.index);
      live::FakeLife life;
      life.runs_for = Duration::milliseconds(200);
      return life;
    });
  };
  agents.threads = 1;
  agents.tell = [](const std::string&) {};
  return agents;
}

// Submits all jobs at their rate and waits for the last one's end; the seconds that it took.
double run_jobs(cli::ControllerService& service, Waits& waits) {
  live::JobRequest request;
  request.command = {"true"};
  auto began = Clock::now();
  for (uint32_t job = 0; job < kJobs; ++job) {
    auto offset = std::chrono::nanoseconds(1'000'000'000) * job / kJobsPerSecond;
    std::this_thread::sleep_until(began + offset);
    waits.posted(job);
    service.submit(request, {"soak", false});
  }
  live::JobFilter open;
  open.most = 1;
  while (!service.jobs(open).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return seconds_since(began);
}

cli::ServiceConfig service_of(uint32_t nodes, const fs::path& folder) {
  cli::ServiceConfig config;
  config.scenario = scenario(nodes);
  config.state = folder / "controller";
  config.wire.endpoint = "tcp://127.0.0.1:*";
  config.tell = [](const std::string&) {};
  return config;
}

// Until a controller with that state serves again.
double restart_s(uint32_t nodes, const fs::path& folder) {
  const auto began = Clock::now();
  cli::ControllerService service(service_of(nodes, folder));
  service.start();
  return seconds_since(began);
}

void remove_snapshots(const fs::path& state) {
  std::vector<fs::path> snapshots;
  for (const auto& entry : fs::directory_iterator(state)) {
    if (entry.path().filename().string().starts_with("snapshot-"))
      snapshots.push_back(entry.path());
  }
  for (const fs::path& snapshot : snapshots) fs::remove(snapshot);
}

void soak(benchmark::State& state) {
  auto nodes = static_cast<uint32_t>(state.range(0));
  fs::path folder = fs::temp_directory_path() / ("orrery-soak-" + std::to_string(getpid()));
  fs::remove_all(folder);
  for (auto step : state) {
    Waits waits;
    {
      cli::ControllerService service(service_of(nodes, folder));
      service.start();
      double before = resident();
      cli::AgentHost host(agents_of(nodes, service.endpoint(), folder, waits));
      host.start();
      std::atomic<bool> done{false};
      std::thread works([&] {
        while (!done) host.work(std::chrono::milliseconds(1));
      });
      std::thread keeps([&] {
        while (!done) service.work(std::chrono::milliseconds(100));
      });
      while (host.ready() < nodes) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      state.counters["agent_kB"] = (resident() - before) / nodes / 1000;
      auto first = service.counters();
      double took = run_jobs(service, waits);
      auto last = service.counters();
      done = true;
      works.join();
      keeps.join();
      auto mail = static_cast<double>(last.sent + last.received - first.sent - first.received);
      state.counters["mail_per_s"] = mail / took;
      state.counters["jobs_per_s"] = kJobs / took;
      state.counters["dropped"] = static_cast<double>(last.dropped_oldest);
    }
    state.counters["decision_p50_ms"] = 1e3 * waits.percentile(0.5);
    state.counters["decision_p99_ms"] = 1e3 * waits.percentile(0.99);
    state.counters["restart_s"] = restart_s(nodes, folder);
    remove_snapshots(folder / "controller");
    state.counters["restart_without_snapshot_s"] = restart_s(nodes, folder);
  }
  fs::remove_all(folder);
}

BENCHMARK(soak)->Arg(1000)->Iterations(1)->Repetitions(1)->Unit(benchmark::kSecond);

}  // namespace

int main(int argc, char** argv) { return orrery::bench::run(argc, argv, {}); }
