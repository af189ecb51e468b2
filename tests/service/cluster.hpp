// A cluster in one process: a controller's service and agents with real drivers, over the wire.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>

#include "cli/scenario.hpp"
#include "cli/service/agent_host.hpp"
#include "cli/service/controller_service.hpp"
#include "live/drivers/process.hpp"

namespace orrery::cli {

namespace fs = std::filesystem;

/// Calls `work` of something again and again in a thread of its own; what it throws is kept.
template <class Worker>
class Working {
 public:
  explicit Working(Worker& worker)
      : thread_([this, &worker] {
          try {
            while (!done_) worker.work(std::chrono::milliseconds(5));
          } catch (const std::exception& error) {
            failure_ = error.what();
          }
        }) {}
  ~Working() {
    done_ = true;
    thread_.join();
    EXPECT_EQ(failure_, "");
  }

 private:
  std::atomic<bool> done_{false};
  std::string failure_;
  std::thread thread_;
};

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("orrery-svc-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Scenario scenario(const std::string& more = "") {
    Value root = parse_scenario("name: service\ncluster: 2x2\n" + more, "test.yaml");
    expand_shorthands(root);
    return read_scenario(root, JobsFrom::kPeople);
  }

  /// A controller; where it was before, from the second on.
  std::unique_ptr<ControllerService> controller(const std::string& more = "",
                                                Duration lost_after = Duration::seconds(60)) {
    ServiceConfig config;
    config.scenario = scenario(more);
    config.state = folder_ / "controller";
    config.wire.endpoint = "ipc://" + (folder_ / "wire").string();
    config.wire.news = news_;
    config.lost_after = lost_after;
    config.segment_bytes = segment_bytes_;
    config.prune = prune_;
    config.tell = [](const std::string& line) { std::cout << "controller: " << line << "\n"; };
    config.tune = tune;
    auto service = std::make_unique<ControllerService>(std::move(config));
    service->start();
    return service;
  }

  std::unique_ptr<AgentHost> agent(int node) {
    AgentConfig config;
    AgentNode about;
    about.link.endpoint = "ipc://" + (folder_ / "wire").string();
    about.link.name = "node" + std::to_string(node);
    about.state = folder_ / about.link.name;
    config.nodes = {about};
    config.make_driver = [](const AgentNode& one, const std::string& run) {
      return std::make_unique<live::ProcessDriver>(
          live::ProcessDriverConfig{run, one.state / "containers"});
    };
    config.resend = Duration::milliseconds(100);
    config.tell = [](const std::string& line) { std::cout << "agent: " << line << "\n"; };
    config.tune = tune;
    auto host = std::make_unique<AgentHost>(std::move(config));
    host->start();
    return host;
  }

  static void tune(live::GatewayConfig& gateway) {
    gateway.beat = Duration::milliseconds(200);
    gateway.lost_after = Duration::milliseconds(2000);
    gateway.first_retry = Duration::milliseconds(20);
    gateway.last_retry = Duration::milliseconds(100);
  }

  /// A job whose container writes a line when it starts and when it ends, and sleeps between.
  live::JobRequest job(const std::string& name, double seconds) const {
    live::JobRequest request;
    request.name = name;
    request.command = {"/bin/sh", "-c",
                       "echo start $ORRERY_JOB $ORRERY_ATTEMPT >> " + log() + "; sleep " +
                           std::to_string(seconds) + "; echo end $ORRERY_JOB >> " + log()};
    return request;
  }
  std::string log() const { return (folder_ / "log").string(); }
  /// How often that line stands in the log.
  int lines(const std::string& line) const {
    std::ifstream file(log());
    int count = 0;
    for (std::string one; std::getline(file, one);) count += one == line;
    return count;
  }

  static bool wait_for(const std::function<bool()>& there, double seconds = 20) {
    auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!there()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  static bool is(ControllerService& service, uint32_t job, const std::string& state) {
    return wait_for([&] { return service.job(job).state == state; });
  }

  const live::Caller ada_{"ada", false};
  const live::Caller root_{"root", true};
  uint64_t segment_bytes_ = 1 << 26;
  bool prune_ = false;
  std::string news_;  // where the controller tells watchers; empty: nowhere
  fs::path folder_;
};

}  // namespace orrery::cli
