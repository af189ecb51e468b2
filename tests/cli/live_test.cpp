// orrery live and orrery replay, end to end: what ran live replays decision for decision, whatever
// became of the journal's tail, and a run under another policy is told apart.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "cli/build.hpp"
#include "cli/live_plan.hpp"
#include "cli/replay.hpp"
#include "record/output_file.hpp"
#include "record/snapshot.hpp"

namespace orrery::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kScenario = R"(
name: small
cluster: 3x4
workload: {generate: {model: rigid, jobs: 20, run_mu: 0.2, run_sigma: 0.6}}
policy: sjf+easy
live: {speedup: 20}
)";

class Live : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("orrery-live-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("small.yaml", kScenario);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  int orrery(const std::string& arguments) {
    std::string call = "cd '" + folder_.string() + "' && '" ORRERY_BINARY "' " + arguments +
                       " >out.txt 2>err.txt </dev/null";
    int status = std::system(call.c_str());
    out_ = read("out.txt");
    err_ = read("err.txt");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  nlohmann::json summary(const std::string& run) const {
    return nlohmann::json::parse(read(run + "/summary.json"));
  }

  fs::path folder_;
  std::string out_;
  std::string err_;
};

TEST_F(Live, WithModelledContainersReplaysWithNoDifference) {
  ASSERT_EQ(orrery("live small.yaml --driver fake --out run --quiet"), 0) << err_;
  EXPECT_EQ(err_, "");
  EXPECT_EQ(summary("run").at("jobs"), 20);
  for (const char* file : {"jobs.csv", "timeline.csv", "decisions.csv", "report.html", "journal"}) {
    EXPECT_TRUE(fs::exists(folder_ / "run" / file)) << file;
  }
  EXPECT_EQ(orrery("replay run --verify"), 0) << err_;
  EXPECT_NE(out_.find(" decisions equal\n"), std::string::npos) << out_;
  EXPECT_EQ(orrery("replay run --verify --policy fcfs+worst-fit"), 1);
  EXPECT_NE(err_.find(": expected "), std::string::npos) << err_;
}

TEST_F(Live, ReplaysFromEachOfItsSnapshotsToo) {
  ASSERT_EQ(orrery("live small.yaml --driver fake --out run --quiet --set live.snapshot_inputs=20"),
            0)
      << err_;
  const std::vector<uint32_t> numbers = record::snapshots_in(folder_ / "run");
  ASSERT_FALSE(numbers.empty());
  EXPECT_LE(numbers.size(), record::kSnapshotsKept);
  // From the first input, what the controller remembers then is what they have.
  const ReplayResult whole = replay(folder_ / "run", {});
  EXPECT_FALSE(whole.difference);
  EXPECT_EQ(whole.snapshots, numbers.size());
  uint64_t before = whole.decisions;
  for (const uint32_t number : numbers) {
    ReplayOptions options;
    options.from = "snapshot:" + std::to_string(number);
    const ReplayResult part = replay(folder_ / "run", options);
    EXPECT_FALSE(part.difference) << part.difference->expected << " / " << part.difference->found;
    EXPECT_LT(part.decisions, before);
    EXPECT_GT(part.inputs, 0u);
    before = part.decisions;
  }
  EXPECT_EQ(orrery("replay run --verify --from snapshot"), 0) << err_;
  // A later run in the folder is another run: what is left of this one is none of its snapshots.
  ASSERT_EQ(orrery("live small.yaml --driver fake --out run --quiet --set live.snapshot_inputs=0"),
            0)
      << err_;
  EXPECT_TRUE(record::snapshots_in(folder_ / "run").empty());
}

TEST_F(Live, ASnapshotThatWasTamperedWithIsCaught) {
  ASSERT_EQ(orrery("live small.yaml --driver fake --out run --quiet --set live.snapshot_inputs=20"),
            0)
      << err_;
  const std::vector<uint32_t> numbers = record::snapshots_in(folder_ / "run");
  ASSERT_FALSE(numbers.empty());
  const std::string name = "run/" + record::snapshot_name(numbers.back());
  record::Snapshot snapshot = record::unpack_snapshot(read(name), name);
  snapshot.actors.front().second.back() ^= 1;
  write(name, record::pack(snapshot));
  EXPECT_EQ(orrery("replay run --verify"), 1);
  EXPECT_NE(err_.find(record::snapshot_name(numbers.back())), std::string::npos) << err_;
}

TEST_F(Live, WithProcessesReplaysWithNoDifferenceAndLeavesNoneBehind) {
  ASSERT_EQ(orrery("live small.yaml --driver process --out run --quiet"), 0) << err_;
  EXPECT_EQ(summary("run").at("jobs"), 20);
  EXPECT_TRUE(fs::exists(folder_ / "run/logs"));
  EXPECT_FALSE(fs::exists(folder_ / "run/containers"));
  EXPECT_EQ(orrery("replay run --verify"), 0) << err_;
}

TEST_F(Live, RunsACommandThatKnowsItsJob) {
  write("own.yaml", R"(
cluster: 1x2
workload: {generate: {model: rigid, jobs: 2, run_mu: -3, run_sigma: 0}}
live: {command: [sh, -c, "echo $ORRERY_JOB of $ORRERY_NODE, part $ORRERY_PART; exit 3"]}
)");
  ASSERT_EQ(orrery("live own.yaml --set live.driver=process --out run --json"), 0) << err_;
  EXPECT_EQ(read("run/logs/0-1-0.log"), "1 of node0, part 0\n");
  EXPECT_NE(read("run/jobs.csv").find("FAILED"), std::string::npos) << read("run/jobs.csv");
}

TEST_F(Live, HandsTheGpusOfThisMachineToTheNodesInOrder) {
  write("gpus.yaml", "gpus: [{model: A100-80GB, count: 4}]\n");
  write("jobs.csv", "job_id,submit_s,run_s,gpus\na,0,1,1\nb,0,1,1\nc,0,1,2\nnone,0,1,0\n");
  write("scenario.yaml", R"(
cluster: 2x8:gpus=2
workload: {trace: jobs.csv}
live: {command: [sh, -c, 'echo $CUDA_VISIBLE_DEVICES; sleep 1']}
)");
  setenv("ORRERY_NVML_SIM", (folder_ / "gpus.yaml").c_str(), 1);
  const std::string gpus = " --gpus --nvml " ORRERY_NVML_SIM_LIBRARY " --quiet";
  ASSERT_EQ(orrery("live scenario.yaml --out run" + gpus), 0) << err_;
  EXPECT_EQ(read("run/logs/3-1-0.log"), "\n");
  std::set<std::string> seen;
  for (const char* log : {"0-1-0.log", "1-1-0.log", "2-1-0.log"}) {
    std::istringstream uuids(read(std::string("run/logs/") + log));
    for (std::string uuid;
         std::getline(uuids, uuid, uuids.str().find(',') == std::string::npos ? '\n' : ',');) {
      seen.insert(uuid.substr(0, uuid.find('\n')));
    }
  }
  // All run at once, so no two see the same.
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(orrery("live scenario.yaml --set cluster=2x8:gpus=3 --out more" + gpus), 2);
  EXPECT_NE(err_.find("expected 3 GPUs of this machine, found 1"), std::string::npos) << err_;
  unsetenv("ORRERY_NVML_SIM");
}

TEST_F(Live, AJournalThatIsCutOffAnywhereVerifiesAsFarAsItReads) {
  ASSERT_EQ(orrery("live small.yaml --driver fake --out run --quiet"), 0) << err_;
  std::string whole = read("run/journal");
  uint64_t inputs = replay(folder_ / "run", {}).inputs;
  uint64_t before = 0;
  for (size_t cut = 0; cut < whole.size(); cut += 1 + whole.size() / 60) {
    write("run/journal", whole.substr(0, cut));
    ReplayResult result = replay(folder_ / "run", {});
    EXPECT_TRUE(result.cut_off) << cut;
    EXPECT_FALSE(result.difference) << cut;
    EXPECT_GE(result.inputs, before);
    before = result.inputs;
  }
  EXPECT_GT(before, inputs / 2);
  write("run/journal", whole.substr(0, whole.size() - 100));
  EXPECT_EQ(orrery("replay run --verify"), 0) << err_;
  EXPECT_NE(out_.find("cut off after "), std::string::npos) << out_;
  whole[whole.size() / 2] = static_cast<char>(whole[whole.size() / 2] ^ 1);
  write("run/journal", whole);
  EXPECT_EQ(orrery("replay run --verify"), 2);
}

// A journal whose bytes are sound but whose scenario is not the one that was run.
TEST_F(Live, ATamperedPolicyIsCaught) {
  ASSERT_EQ(orrery("live small.yaml --driver fake --out run --quiet"), 0) << err_;
  std::string bytes = read("run/journal");
  record::JournalReader first(bytes, "journal", std::shared_ptr<const Workload>());
  Scenario scenario = read_scenario(parse_scenario(first.header().scenario, "scenario.yaml"));
  InputStore store({RunOrder{"small", scenario, {}, false}});
  auto plan = make_live_plan(scenario, *store.load(scenario));
  record::JournalReader reader(bytes, "journal", plan.workload);
  record::JournalHeader header = reader.header();
  size_t at = header.scenario.find("order: sjf");
  ASSERT_NE(at, std::string::npos);
  header.scenario.replace(at, 10, "order: fcfs");
  record::JournalWriter writer(folder_ / "run/journal", header);
  record::JournalEntry entry;
  while (reader.next(entry)) {
    if (entry.decision) {
      writer.decision(entry.at, entry.actor, *entry.decision);
    } else {
      writer.input(entry.at, entry.actor, entry.input);
    }
  }
  writer.close();
  EXPECT_EQ(orrery("replay run --verify"), 1);
  EXPECT_NE(err_.find("expected "), std::string::npos) << err_;
}

TEST_F(Live, EndsCleanlyWhenItIsInterrupted) {
  write("long.yaml", R"(
cluster: 2x4
workload: {generate: {model: rigid, jobs: 6, run_mu: 9, run_sigma: 0.1, load: 100}}
)");
  pid_t child = ::fork();
  if (child == 0) {
    fs::current_path(folder_);
    execl(ORRERY_BINARY, "orrery", "live", "long.yaml", "--driver", "process", "--out", "run",
          "--quiet", nullptr);
    _exit(99);
  }
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!fs::exists(folder_ / "run/logs/0-1-0.log") &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
  EXPECT_TRUE(fs::exists(folder_ / "run/summary.json"));
  EXPECT_FALSE(fs::exists(folder_ / "run/containers"));
  EXPECT_EQ(orrery("replay run --verify"), 0) << err_;
}

TEST_F(Live, EndsWhatAKilledRunHasLeftInItsFolderBeforeItBegins) {
  // Each container beats in a file of its own for as long as it lives.
  fs::create_directories(folder_ / "beats");
  write("beat.sh", "file=" + (folder_ / "beats").string() +
                       "/$(cat /proc/sys/kernel/random/uuid)\n"
                       "while :; do date +%s%N > $file; sleep 0.05; done\n");
  write("two.csv", "job_id,submit_s,run_s\na,0,1000\nb,0,1000\n");
  write("slow.yaml", R"(
cluster: 1x2
workload: {trace: two.csv}
live: {command: [sh, )" + (folder_ / "beat.sh").string() +
                         "]}\n");
  const auto begin = [&] {
    pid_t child = ::fork();
    if (child != 0) return child;
    fs::current_path(folder_);
    const int errors = ::open("err.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(errors, STDERR_FILENO);
    execl(ORRERY_BINARY, "orrery", "live", "slow.yaml", "--driver", "process", "--out", "run",
          "--quiet", nullptr);
    _exit(99);
  };
  const auto beats = [&] {
    std::map<std::string, std::string> all;
    for (const auto& file : fs::directory_iterator(folder_ / "beats")) {
      all[file.path().filename()] = read("beats/" + file.path().filename().string());
    }
    return all;
  };
  const auto wait_until = [&](const auto& holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return holds();
  };
  pid_t first = begin();
  ASSERT_TRUE(wait_until([&] { return beats().size() == 2; }));
  ::kill(first, SIGKILL);
  ::waitpid(first, nullptr, 0);
  const auto left = beats();
  EXPECT_TRUE(wait_until([&] {  // they run on
    const auto now = beats();
    return std::all_of(left.begin(), left.end(),
                       [&](const auto& one) { return now.at(one.first) != one.second; });
  }));
  pid_t second = begin();
  EXPECT_TRUE(wait_until([&] { return beats().size() == 4; })) << read("err.txt");
  const auto then = beats();
  EXPECT_TRUE(wait_until([&] {  // those of the second run live, so the first's would have had time
    const auto now = beats();
    return std::all_of(now.begin(), now.end(), [&](const auto& one) {
      return left.contains(one.first) || one.second != then.at(one.first);
    });
  }));
  for (const auto& [name, beat] : beats()) {
    if (left.contains(name)) {
      EXPECT_EQ(beat, then.at(name)) << "it was ended";
    }
  }
  EXPECT_NE(read("err.txt").find("had left 2 containers"), std::string::npos) << read("err.txt");
  EXPECT_TRUE(fs::exists(folder_ / "run/journal.cut-off"));
  ::kill(second, SIGTERM);
  int status = 0;
  ::waitpid(second, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST_F(Live, SimulatedRunsWithAJournalReplayToo) {
  for (const char* name : {"failures", "network", "preemption"}) {
    std::string scenario = std::string(ORRERY_SOURCE_DIR "/scenarios/") + name + ".yaml";
    ASSERT_EQ(orrery("sim " + scenario + " --set workload.generate.jobs=150 --journal --out " +
                     name + " --quiet"),
              0)
        << err_;
    EXPECT_EQ(orrery(std::string("replay ") + name + " --verify"), 0) << name << ": " << err_;
  }
}

}  // namespace
}  // namespace orrery::cli
