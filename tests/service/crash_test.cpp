// The crash campaign: controller and agents as processes of their own, under load, killed with
// SIGKILL again and again, the controller's journal cut as by a power cut. No accepted job is
// forgotten, none is started twice, and what runs is what the ledger says.
//
// ORRERY_CRASH_ROUNDS sets how often something is killed; ORRERY_CRASH_SEED what and when.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/replay.hpp"
#include "record/journal_folder.hpp"
#include "tests/engine/daemons.hpp"
#include "tests/service/program.hpp"

namespace orrery::cli {
namespace {

using Json = nlohmann::ordered_json;

uint64_t number_from(const char* variable, uint64_t usual) {
  const char* text = std::getenv(variable);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

class Crashes : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("orrery-crash-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    chance_.seed(number_from("ORRERY_CRASH_SEED", 1));
  }
  void TearDown() override {
    agents_.clear();
    controller_.reset();
    daemon_.reset();
    if (!HasFailure()) fs::remove_all(folder_);
  }

  void begin(const std::string& sync, bool power_cuts, const std::string& policy = "fcfs+easy") {
    std::ofstream(folder_ / "cluster.yaml")
        << "name: crashes\ncluster: 2x4\n"
        << "policy: " << policy << "\nlive: {snapshot_inputs: 40, sync: " << sync << "}\n";
    begin_programs(power_cuts, {});
  }

  /// With containers of a daemon that is killed as well.
  void begin_engine(live::testing_support::Daemon::Kind kind) {
    daemon_ = std::make_unique<live::testing_support::Daemon>(kind);
    ASSERT_TRUE(daemon_->up());
    std::ofstream(folder_ / "cluster.yaml") << "name: crashes\ncluster: 2x4\n"
                                               "policy: fcfs+easy\nlive: {driver: engine, image: \""
                                            << live::testing_support::Daemon::kImage << "\"}\n";
    begin_programs(false, {"--driver", "engine", "--socket", daemon_->socket().string(), "--image",
                           live::testing_support::Daemon::kImage});
  }

  void begin_programs(bool power_cuts, const std::vector<std::string>& driver) {
    std::string wire = "ipc://" + (folder_ / "wire").string();
    controller_ = std::make_unique<Program>(
        folder_ / "controller.log",
        std::vector<std::string>{"controller", (folder_ / "cluster.yaml").string(), "--state",
                                 state().string(), "--listen", wire, "--http", "127.0.0.1:0",
                                 "--segment-kib", "4"},
        power_cuts ? ORRERY_POWER_CUT : "");
    for (const char* node : {"node0", "node1"}) {
      std::vector<std::string> arguments{"agent", node,      "--controller",
                                         wire,    "--state", (folder_ / node).string()};
      arguments.insert(arguments.end(), driver.begin(), driver.end());
      agents_.push_back(
          std::make_unique<Program>(folder_ / (std::string(node) + ".log"), arguments));
      agents_.back()->start();
    }
    start_controller();
  }

  fs::path state() const { return folder_ / "controller"; }

  void start_controller() {
    controller_->start();
    std::string url = controller_->url();
    ASSERT_NE(url, "") << controller_->said();
    client_ =
        std::make_unique<ApiClient>(ClientOptions{url, (state() / "admin.token").string(), true});
  }

  static bool wait_for(const std::function<bool()>& there, double seconds = 60) {
    auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!there()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  uint32_t random(uint32_t below) { return static_cast<uint32_t>(chance_() % below); }
  void pause(uint32_t most_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random(most_ms)));
  }

  /// Submits a job whose container says when it begins and ends. It may be that the controller has
  /// it although it could not say so; then the same key gives the same job.
  void submit(uint32_t run_ms) {
    std::string name = "j" + std::to_string(submitted_++);
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3f", run_ms / 1000.0);
    // A container has its own file system: there its output is the log.
    std::string log = daemon_ ? "/dev/stdout" : (folder_ / "ran").string();
    Json job{{"name", name},
             {"key", name},
             {"requested_s", 20 + random(60)},
             {"command",
              {"/bin/sh", "-c",
               "echo start $ORRERY_JOB $ORRERY_ATTEMPT >> " + log + "; sleep " + seconds +
                   "; echo end $ORRERY_JOB >> " + log}}};
    unanswered_[name] = job.dump();
    try_to_submit();
  }
  void try_to_submit() {
    for (auto at = unanswered_.begin(); at != unanswered_.end();) {
      try {
        client_->json("POST", "/v1/jobs", at->second);
        accepted_.insert(at->first);
        at = unanswered_.erase(at);
      } catch (const std::exception&) {
        return;  // nobody is there: it is tried again
      }
    }
  }

  Json jobs() { return client_->json("GET", "/v1/jobs?ended=true&most=100000").at("jobs"); }

  std::map<std::string, int> lines() const {
    std::map<std::string, int> counts;
    std::vector<fs::path> files{folder_ / "ran"};
    for (const char* node : {"node0", "node1"}) {
      for (const auto& entry : fs::directory_iterator(folder_ / node / "logs")) {
        files.push_back(entry.path());
      }
    }
    for (const fs::path& one : files) {
      std::ifstream file(one);
      for (std::string line; std::getline(file, line);) ++counts[line];
    }
    return counts;
  }

  /// A process may be gone while its file is read: then what was read is all there is.
  static std::string all_of(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  /// Names of jobs whose containers run, by the processes that there are.
  std::set<std::string> running_programs() const {
    std::set<std::string> names;
    std::string ours = (folder_ / "ran").string();
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::string pid = entry.path().filename();
      if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
      std::string words = all_of(entry.path() / "cmdline");
      if (!words.starts_with("/bin/sh") || words.find(ours) == std::string::npos) continue;
      std::string text = all_of(entry.path() / "environ");
      size_t at = text.find(std::string("\0ORRERY_JOB=", 12));
      if (at != std::string::npos) names.insert(text.c_str() + at + 12);
    }
    return names;
  }

  /// kill -9 of one of them, of both kinds at once, or of the controller with a power cut.
  void strike(bool power_cuts) {
    if (daemon_ && random(3) == 0) {
      daemon_->kill();
      pause(500);
      daemon_->start();
    }
    uint32_t victim = random(power_cuts ? 5 : 4);
    bool controller = victim != 0 && victim != 1;
    if (victim <= 1 || victim == 3) agents_[random(2)]->kill(SIGKILL);
    if (controller) {
      controller_->kill(SIGKILL);
      if (power_cuts) cut();
    }
    pause(150);
    for (auto& agent : agents_) {
      if (!agent->up()) restart(*agent);
    }
    if (controller) start_controller();
  }
  static void restart(Program& program) {
    program.kill(SIGKILL);
    program.start();
  }

  /// Takes away any part of what had not reached the disk.
  void cut() {
    fs::path journal = state() / record::journal_name(record::segments_in(state()).back());
    int64_t synced = 0;
    std::ifstream(journal.string() + ".synced", std::ios::binary)
        .read(reinterpret_cast<char*>(&synced), sizeof synced);
    auto size = static_cast<int64_t>(fs::file_size(journal));
    ASSERT_LE(synced, size);
    if (size == synced) return;
    fs::resize_file(
        journal,
        static_cast<uintmax_t>(
            synced + static_cast<int64_t>(chance_() % static_cast<uint64_t>(size - synced + 1))));
    ++cuts_;
  }

  void campaign(uint64_t rounds, bool power_cuts) {
    for (uint64_t round = 0; round < rounds; ++round) {
      // So many that some are taken off for others, where that is what is tried.
      for (uint32_t i = random(suspends_ ? 10 : 4); i > 0; --i) {
        submit(50 + random(suspends_ ? 1000 : 500));
      }
      try_to_submit();
      pause(200);
      strike(power_cuts);
      if (HasFatalFailure()) return;
      if (round % 20 == 10 && !daemon_) compare_what_runs();
    }
  }

  /// The ledger and the machine agree once all is quiet.
  void compare_what_runs() {
    wait_for([&] {  // for what is queued, or jobs come and go while they are compared
      try_to_submit();
      const Json all = jobs();
      return std::all_of(all.begin(), all.end(), [&](const Json& job) { return has_ended(job); });
    });
    for (int i = 0; i < 5; ++i) submit(4000);
    auto by_ledger = [&] {
      std::set<std::string> names;
      for (const Json& job : jobs()) {
        if (job.at("state") != "running" && job.at("state") != "suspended") continue;
        names.insert(job.at("name").get<std::string>());
      }
      return names;
    };
    bool agree = wait_for([&] {
      try_to_submit();
      std::set<std::string> names = by_ledger();
      return names.size() >= 4 && names == running_programs();
    });
    EXPECT_TRUE(agree) << by_ledger().size() << " jobs run by the ledger, "
                       << running_programs().size() << " on the machine";
  }

  /// A daemon of Docker's that is killed may forget with which exit code a container ended (it says
  /// 255 then), or that it has begun one (it refuses to start it for good, hence 127).
  bool has_ended(const Json& job) const {
    if (job.at("state") == "completed") return true;
    return daemon_ && job.at("state") == "failed" &&
           (job.at("exit_code") == 255 || job.at("exit_code") == 127);
  }

  void check_all() {
    ASSERT_TRUE(wait_for([&] {
      try_to_submit();
      return unanswered_.empty();
    }));
    bool done = wait_for([&] {
      Json all = jobs();
      return std::all_of(all.begin(), all.end(), [&](const Json& job) { return has_ended(job); });
    });
    EXPECT_TRUE(done) << jobs().dump(1);
    EXPECT_TRUE(running_programs().empty());
    std::map<std::string, int> ran = lines();
    std::set<std::string> known;
    for (const Json& job : jobs()) {
      std::string name = job.at("name");
      known.insert(name);
      EXPECT_TRUE(has_ended(job)) << job.dump();
      if (suspends_) {
        resumed_ += job.at("attempts") > 1 ? 1 : 0;
      } else {
        EXPECT_EQ(job.at("attempts"), 1) << job.dump();
      }
      // Docker itself loses what a container says while its daemon is away.
      int least = daemon_ ? 0 : 1;
      EXPECT_GE(ran["start " + name + " 1"], least) << name;
      EXPECT_GE(ran["end " + name], least) << name;
      EXPECT_LE(ran["start " + name + " 1"], 1) << name;
      EXPECT_LE(ran["end " + name], 1) << name;
    }
    EXPECT_EQ(known, accepted_);
    EXPECT_EQ(ran.size(), 2 * known.size()) << "something ran that no job asked for";
    controller_->kill(SIGTERM);
    EXPECT_TRUE(WIFEXITED(controller_->status()) && WEXITSTATUS(controller_->status()) == 0);
    ReplayResult replayed = replay(state(), {});
    EXPECT_FALSE(replayed.difference)
        << replayed.difference->expected << " / " << replayed.difference->found;
    EXPECT_FALSE(replayed.cut_off);
    EXPECT_GE(replayed.decisions, known.size());
    if (!daemon_) {
      EXPECT_GT(replayed.snapshots, 0U);
      ReplayOptions newest;
      newest.from = "snapshot";
      EXPECT_FALSE(replay(state(), newest).difference);
    }
    std::cout << known.size() << " jobs, " << replayed.inputs << " inputs and "
              << replayed.decisions << " decisions replayed, " << replayed.snapshots
              << " snapshots equal, " << cuts_
              << " journals cut within what had not reached the disk\n";
  }

  fs::path folder_;
  std::mt19937_64 chance_;
  std::unique_ptr<Program> controller_;
  std::vector<std::unique_ptr<Program>> agents_;
  std::unique_ptr<ApiClient> client_;
  std::map<std::string, std::string> unanswered_;  // by name
  std::set<std::string> accepted_;
  std::unique_ptr<live::testing_support::Daemon> daemon_;
  bool suspends_ = false;  // jobs are frozen, and go on as another attempt in the same container
  int resumed_ = 0;
  uint32_t submitted_ = 0;
  int cuts_ = 0;
};

TEST_F(Crashes, NothingIsLostAndNothingRunsTwice) {
  begin("interval", /*power_cuts=*/false);
  if (HasFatalFailure()) return;
  campaign(number_from("ORRERY_CRASH_ROUNDS", 15), false);
  if (HasFatalFailure()) return;
  check_all();
}

// What is frozen goes on where it was, whoever was killed meanwhile.
TEST_F(Crashes, NothingIsLostThatIsSuspended) {
  suspends_ = true;
  begin("interval", /*power_cuts=*/false, "{order: srtf, preempt: suspend}");
  if (HasFatalFailure()) return;
  campaign(number_from("ORRERY_CRASH_ROUNDS", 15), false);
  if (HasFatalFailure()) return;
  check_all();
  EXPECT_GT(resumed_, 0) << "no job was ever suspended: this says nothing";
  std::cout << resumed_ << " jobs were suspended and went on\n";
}

TEST_F(Crashes, APowerCutTakesNothingThatWasPromised) {
  begin("always", /*power_cuts=*/true);
  if (HasFatalFailure()) return;
  campaign(number_from("ORRERY_CRASH_ROUNDS", 15), true);
  if (HasFatalFailure()) return;
  check_all();
}

TEST_F(Crashes, AlsoWhenTheEnginesDaemonIsKilled) {
  using live::testing_support::Daemon;
  if (std::string why = Daemon::missing(Daemon::Kind::kDocker); !why.empty()) GTEST_SKIP() << why;
  begin_engine(Daemon::Kind::kDocker);
  if (HasFatalFailure()) return;
  campaign(number_from("ORRERY_CRASH_ROUNDS", 6), false);
  if (HasFatalFailure()) return;
  check_all();
}

TEST_F(Crashes, AlsoUnderPodman) {
  using live::testing_support::Daemon;
  if (std::string why = Daemon::missing(Daemon::Kind::kPodman); !why.empty()) GTEST_SKIP() << why;
  begin_engine(Daemon::Kind::kPodman);
  if (HasFatalFailure()) return;
  campaign(number_from("ORRERY_CRASH_ROUNDS", 4), false);
  if (HasFatalFailure()) return;
  check_all();
}

}  // namespace
}  // namespace orrery::cli
