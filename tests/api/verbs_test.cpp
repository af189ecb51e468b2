// The built program's verbs against a real server: what they print, ask for and exit with.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>

#include "live/api/json.hpp"
#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

namespace fs = std::filesystem;

class Verbs : public Stage {
 protected:
  Verbs() {
    open();
    write("token", admin() + "\n");
    environment_ = "ORRERY_CONTROLLER='" + server_->url() + "' ORRERY_TOKEN_FILE=token";
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    fs::permissions(folder_.path() / name, fs::perms::owner_read | fs::perms::owner_write);
  }

  /// Runs orrery in the test's folder; what it prints is in out_ and err_.
  int orrery(const std::string& arguments) {
    const std::string folder = folder_.path().string();
    const std::string call = "cd '" + folder + "' && env -u ORRERY_TOKEN -u ORRERY_TOKEN_FILE " +
                             environment_ + " '" ORRERY_BINARY "' " + arguments +
                             " >out 2>err </dev/null";
    const int status = std::system(call.c_str());
    out_ = read_all(folder_.path() / "out");
    err_ = read_all(folder_.path() / "err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  bool said(const std::string& text) const { return err_.find(text) != std::string::npos; }
  bool printed(const std::string& text) const { return out_.find(text) != std::string::npos; }
  nlohmann::json json() const { return nlohmann::json::parse(out_, nullptr, false); }

  std::string environment_;
  std::string out_;
  std::string err_;
};

TEST_F(Verbs, SubmitHandsOnWhatTheOptionsSay) {
  ASSERT_EQ(orrery("submit --name train --tasks 2 --cpus 1.5 --memory 2GiB --gpus 0.5 "
                   "--gpu-type A100 --gpu-type H100 --time 1:30:00 --priority -3 --queue long "
                   "--group vision --image pytorch:2 --env A=1 --env B=x=y --workdir data "
                   "--after 3 --after 4 --key once -- python3 train.py --epochs 3 -v"),
            0)
      << err_;
  EXPECT_EQ(out_, "submitted job 0 (train)\n");
  const JobRequest asked = operations_.requests().at(0);
  EXPECT_EQ(asked.command,
            (std::vector<std::string>{"python3", "train.py", "--epochs", "3", "-v"}));
  EXPECT_EQ(asked.tasks, 2u);
  EXPECT_EQ(asked.cpu_milli, 1500);
  EXPECT_EQ(asked.memory_mib, 2048);
  EXPECT_EQ(asked.gpus, 1);
  EXPECT_EQ(asked.gpu_milli, 500);
  EXPECT_EQ(asked.gpu_types, (std::vector<std::string>{"A100", "H100"}));
  EXPECT_EQ(asked.requested_s, 5400.0);
  EXPECT_EQ(asked.priority, -3);
  EXPECT_EQ(asked.queue, "long");
  EXPECT_EQ(asked.group, "vision");
  EXPECT_EQ(asked.image, "pytorch:2");
  EXPECT_EQ(asked.environment, (std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}}));
  EXPECT_EQ(asked.directory, "data");
  EXPECT_EQ(asked.after, (std::vector<uint32_t>{3, 4}));
  EXPECT_EQ(asked.key, "once");
  ASSERT_EQ(orrery("submit -q --after train sleep -n 1"), 0) << "as docker run takes it, too";
  EXPECT_EQ(operations_.requests().at(1).after, std::vector<uint32_t>{0});
  EXPECT_EQ(out_, "1\n");
  EXPECT_EQ(operations_.requests().at(1).command, (std::vector<std::string>{"sleep", "-n", "1"}));
}

TEST_F(Verbs, SubmitReadsAFileAndOptionsWinOverIt) {
  write("job.yaml",
        "name: train\ntasks: 4\ngpus: 2\nmemory: 32GiB\ntime: 2h\n"
        "env: {OMP_NUM_THREADS: 8, MODE: fast}\nafter: [1, 2]\ncommand: [python3, train.py]\n");
  ASSERT_EQ(orrery("submit --file job.yaml --tasks 2 --env MODE=slow --json"), 0) << err_;
  EXPECT_EQ(json()["tasks"], 2);
  const JobRequest asked = operations_.requests().at(0);
  EXPECT_EQ(asked.name, "train");
  EXPECT_EQ(asked.gpus, 2);
  EXPECT_EQ(asked.memory_mib, 32768);
  EXPECT_EQ(asked.requested_s, 7200.0);
  EXPECT_EQ(asked.after, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(asked.environment,
            (std::map<std::string, std::string>{{"OMP_NUM_THREADS", "8"}, {"MODE", "slow"}}));
  ASSERT_EQ(orrery("submit --file job.yaml -- ./other"), 0) << err_;
  EXPECT_EQ(operations_.requests().at(1).command, std::vector<std::string>{"./other"});
}

TEST_F(Verbs, SubmitNamesTheFaultBeforeItAsks) {
  write("job.yaml", "name: x\ntsks: 4\ngpus: 1.5\nenv:\n  A: [1]\n");
  EXPECT_EQ(orrery("submit --file job.yaml"), 2);
  EXPECT_EQ(err_, "orrery: job.yaml:5:6: expected text, found a list\n");
  write("job.yaml", "name: x\ntsks: 4\ngpus: 1.5\n");
  EXPECT_EQ(orrery("submit --file job.yaml"), 2);
  EXPECT_TRUE(
      said("job.yaml:2:1: expected a key of a job, found \"tsks\"; did you mean \"tasks\"?"))
      << err_;
  EXPECT_TRUE(said("job.yaml:3:7: expected a whole number of GPUs, or a share")) << err_;
  struct Bad {
    const char* arguments;
    const char* error;
  };
  const std::vector<Bad> table{
      {"submit", "expected a program and its arguments, found none"},
      {"submit --tasks 0 x", "--tasks: expected a whole number of tasks from 1"},
      {"submit --cpus -1 x", "--cpus: expected a number of cores such as 4 or 0.5, found \"-1\""},
      {"submit --memory lots x", "--memory: expected a size such as 64GiB, found \"lots\""},
      {"submit --time 1:99 x", "--time: expected a time such as 90m, 1h30m or 1:30:00"},
      {"submit --after x true", "job \"x\": expected a job's number or name, found no such job"},
      {"submit --env A true", "--env A: expected NAME=VALUE, found \"A\""},
      {"submit --file none.yaml", "none.yaml: expected a file, found none"},
      {"submit --tasks 2 --min-tasks 3 x", "--min-tasks: expected at most tasks, 2, found 3"},
  };
  for (const Bad& bad : table) {
    EXPECT_EQ(orrery(bad.arguments), 2) << bad.arguments;
    EXPECT_TRUE(said(bad.error)) << bad.arguments << "\n" << err_;
  }
  EXPECT_TRUE(operations_.requests().empty());
}

TEST_F(Verbs, PsListsJobsAsATable) {
  orrery("submit --name train --tasks 2 --cpus 1.5 --memory 2GiB --gpus 1 -- true");
  orrery("submit --name later -- true");
  orrery("submit --name gone -- true");
  operations_.start(0);
  operations_.end(2, "failed", 9);
  ASSERT_EQ(orrery("ps"), 0) << err_;
  std::istringstream lines(out_);
  std::string head, first, second, third;
  std::getline(lines, head);
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(
      head,
      "JOB  NAME   USER  QUEUE  STATE    TASKS  CPUS  MEMORY  GPUS      TIME  NODES (REASON)");
  EXPECT_TRUE(first.starts_with("0    train  root         running      2     3   4 GiB     2  "))
      << first;
  EXPECT_TRUE(first.ends_with("  node-1")) << first;
  EXPECT_TRUE(second.ends_with("    0         -  (not enough GPUs are free)")) << second;
  EXPECT_FALSE(std::getline(lines, third)) << third;
  ASSERT_EQ(orrery("ps -a --state failed"), 0);
  EXPECT_TRUE(printed("1m40s  (not enough GPUs are free, exit code 9)")) << out_;
  EXPECT_FALSE(printed("train"));
  ASSERT_EQ(orrery("ps --all --user nobody"), 0);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 1) << "the head alone";
  ASSERT_EQ(orrery("ps --json"), 0);
  EXPECT_EQ(json()["jobs"].size(), 2u);
}

TEST_F(Verbs, LogsPrintsTheBytesAsTheyAre) {
  orrery("submit --name train -- true");
  EXPECT_EQ(orrery("logs train"), 1) << "too early";
  EXPECT_TRUE(said("job 0 has no output yet: it is pending; ask again later")) << err_;
  operations_.start(0);
  operations_.output = std::string("a\0\xff", 3) + std::string(600'000, 'x') + "\nend\n";
  ASSERT_EQ(orrery("logs train"), 0) << err_;
  EXPECT_EQ(out_, operations_.output);
  ASSERT_EQ(orrery("logs 0 --json"), 0);
  std::string text;
  for (const auto& piece : json_lines(out_)) text += piece["text"].get<std::string>();
  EXPECT_TRUE(text.ends_with("\nend\n"));
  EXPECT_EQ(orrery("logs 0 --part 1"), 2);
}

TEST_F(Verbs, LogsFollowsUntilTheJobHasEnded) {
  orrery("submit -- true");
  operations_.output = "one\n";
  operations_.ended = false;
  std::thread job([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    operations_.start(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    operations_.say("two\n", false);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    operations_.say("three\n", true);
  });
  EXPECT_EQ(orrery("logs -f 0"), 0) << err_;
  job.join();
  EXPECT_EQ(out_, "one\ntwo\nthree\n");
}

TEST_F(Verbs, CancelTakesNumbersAndNamesAndGoesOnAfterAnError) {
  orrery("submit --name a -- true");
  orrery("submit --name b -- true");
  EXPECT_EQ(orrery("cancel 0 nobody b"), 2);
  EXPECT_EQ(out_, "job 0 (a) cancelled\njob 1 (b) cancelled\n");
  EXPECT_TRUE(said("job \"nobody\": expected a job's number or name")) << err_;
  EXPECT_EQ(orrery("cancel 7"), 2);
  EXPECT_TRUE(said("there is no job 7"));
  orrery("submit --name c -- true");
  operations_.end(2, "completed", 0);
  EXPECT_EQ(orrery("cancel 2"), 1) << "too late";
  EXPECT_TRUE(said("job 2 has ended already"));
  EXPECT_EQ(orrery("cancel 0 7 --json"), 2);
  EXPECT_EQ(json()["jobs"][0]["job"]["state"], "cancelled");
  EXPECT_NE(json()["jobs"][1]["error"], nullptr);
}

TEST_F(Verbs, ANameMeansTheOneJobThatHasItAndHasNotEnded) {
  for (int i = 0; i < 3; ++i) orrery("submit --name again -- true");
  EXPECT_EQ(orrery("explain again"), 2);
  EXPECT_TRUE(said("expected one job of that name, found 0, 1, 2; name it by its number")) << err_;
  operations_.end(0, "completed", 0);
  operations_.end(1, "completed", 0);
  EXPECT_EQ(orrery("explain again"), 0) << err_;
  EXPECT_TRUE(printed("job 2 (again)")) << out_;
}

TEST_F(Verbs, NodesDrainAndUndrain) {
  ASSERT_EQ(orrery("nodes"), 0) << err_;
  EXPECT_EQ(out_,
            "NODE    STATE   CPUS          MEMORY  GPUS  TYPE  JOBS  HEARD   REASON\n"
            "node-1  ready  1.5/8  512 MiB/64 GiB   1/4  A100  0     0s ago\n"
            "node-2  ready  1.5/8  512 MiB/64 GiB   1/4  A100        never\n");
  EXPECT_EQ(orrery("drain node-1"), 2) << "a reason is needed";
  ASSERT_EQ(orrery("drain node-1 --reason 'new disk'"), 0) << err_;
  EXPECT_EQ(out_, "node node-1 is draining; jobs with parts there: 0\n");
  orrery("nodes");
  EXPECT_TRUE(printed("new disk (root)"));
  ASSERT_EQ(orrery("undrain node-1 --json"), 0);
  EXPECT_EQ(json()["state"], "ready");
  EXPECT_EQ(orrery("drain 'no such/node' --reason x"), 2);
  EXPECT_TRUE(said("there is no node no such/node")) << err_;
}

TEST_F(Verbs, ExplainEtaAndPlanSaySentences) {
  orrery("submit --name train -- true");
  ASSERT_EQ(orrery("explain train"), 0) << err_;
  EXPECT_EQ(out_,
            "job 0 (train) of root: pending\nIt waits for 2 GPUs; 1 is free.\n"
            "3 jobs are before it in the queue\nwhat would change it:\n"
            "  - Job 0 ends.\n  - A node is added.\n");
  ASSERT_EQ(orrery("eta 0"), 0) << err_;
  EXPECT_EQ(out_,
            "job 0 (train) of root: pending\n"
            "starts  in 1m00s (30s to 1m30s, 5th to 95th percentile)\n"
            "ends    in 1h01m\nfrom 20 simulations; No new jobs arrive.\n");
  ASSERT_EQ(orrery("plan"), 0) << err_;
  EXPECT_EQ(out_,
            "STEP   JOB  NAME   NODES   REASON\n"
            "start  0    train  node-1  first in order\n"
            "wait   1    later          not enough free\n");
  for (const char* verb : {"explain 0", "eta 0", "plan"}) {
    ASSERT_EQ(orrery(verb + std::string(" --json")), 0);
    EXPECT_TRUE(json().is_object()) << verb;
  }
}

TEST_F(Verbs, TopPrintsOnceWhereNobodyWatches) {
  orrery("submit --name train -- true");
  operations_.faults = {"the disk is nearly full"};
  ASSERT_EQ(orrery("top"), 0) << err_;
  EXPECT_TRUE(
      out_.starts_with("orrery 0.1.0, run run-1, up 12s\nfault: the disk is nearly full\n"
                       "cores  [######........................] 19 %  3 of 16\n"
                       "memory [..............................] 1 %  1 GiB of 128 GiB\n"
                       "GPUs   [########......................] 25 %  2 of 8\n"
                       "jobs: 1 pending\n"))
      << out_;
  EXPECT_TRUE(printed("node-2"));
  EXPECT_TRUE(printed("train"));
  EXPECT_FALSE(printed("\033"));
  ASSERT_EQ(orrery("top --json"), 0);
  EXPECT_EQ(json()["nodes"].size(), 2u);
  EXPECT_EQ(json()["health"]["ok"], false);
}

TEST_F(Verbs, TopDrawsOnATerminalAndGivesTheCursorBack) {
  // script(1) lends a terminal.
  if (std::system("command -v script >/dev/null 2>&1") != 0) GTEST_SKIP() << "no script(1) here";
  const std::string folder = folder_.path().string();
  write("watch",
        "stty rows 12 cols 40; echo $$ >pid; exec '" ORRERY_BINARY "' top --interval 0.1\n");
  const std::string call = "cd '" + folder + "' && env " + environment_ +
                           " timeout 60 script -qefc 'sh watch' screen >script.out </dev/null";
  int status = -1;
  std::thread terminal([&] { status = std::system(call.c_str()); });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto drawn = [&] { return read_all(folder_.path() / "screen"); };
  while (drawn().find("node-1") == std::string::npos && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  uint64_t pid = 0;
  const std::string text = read_all(folder_.path() / "pid");
  if (parse_number(text.substr(0, text.find('\n')), 2, INT32_MAX, pid)) {
    ::kill(static_cast<pid_t>(pid), SIGINT);
  }
  terminal.join();
  EXPECT_EQ(WEXITSTATUS(status), 130);
  const std::string screen = drawn();
  EXPECT_NE(screen.find("\033[?25l"), std::string::npos);
  EXPECT_NE(screen.find("\033[H"), std::string::npos);
  EXPECT_NE(screen.find("node-1"), std::string::npos) << screen;
  EXPECT_NE(screen.rfind("\033[?25h"), std::string::npos);
}

TEST_F(Verbs, SayWhatToDoWhenTheControllerIsAwayOrLetsNobodyIn) {
  EXPECT_EQ(orrery("ps --controller http://127.0.0.1:1"), 3);
  EXPECT_TRUE(said("can't be reached") && said("--controller or ORRERY_CONTROLLER")) << err_;
  EXPECT_EQ(orrery("ps --controller ftp://x"), 2);
  write("wrong", "orrery-0\n");
  EXPECT_EQ(orrery("ps --token-file wrong"), 3);
  EXPECT_TRUE(said("an unknown token") && said("ORRERY_TOKEN_FILE")) << err_;
  write("eye", token(TokenRole::kReadOnly));
  EXPECT_EQ(orrery("submit --token-file eye -- true"), 3);
  EXPECT_TRUE(said("its role is read-only")) << err_;
  EXPECT_EQ(orrery("ps --token-file eye"), 0);
  fs::permissions(folder_.path() / "eye", fs::perms::others_read, fs::perm_options::add);
  EXPECT_EQ(orrery("ps --token-file eye"), 2);
  EXPECT_TRUE(said("chmod 600")) << err_;
  environment_ = "ORRERY_CONTROLLER='" + server_->url() + "'";
  EXPECT_EQ(orrery("ps"), 3);
  EXPECT_TRUE(said("wants a token: no token; give one with --token-file")) << err_;
}

TEST_F(Verbs, TheTokenMayStandInTheEnvironment) {
  environment_ = "ORRERY_CONTROLLER='" + server_->url() + "/' ORRERY_TOKEN=" + user();
  EXPECT_EQ(orrery("ps"), 0) << err_;
}

TEST_F(Verbs, ATokenIsMadeForAColleague) {
  ASSERT_EQ(orrery("token bob --role user --tokens tokens"), 0) << err_;
  EXPECT_TRUE(out_.starts_with("token bob.token  give it to bob")) << out_;
  ASSERT_EQ(orrery("submit --token-file bob.token --json -- true"), 0) << err_;
  EXPECT_EQ(json()["user"], "bob");
  EXPECT_EQ(orrery("token bob --role user --tokens tokens"), 2) << "bob.token is there";
  EXPECT_EQ(orrery("token bob --role king --tokens tokens -o x"), 2);
  EXPECT_EQ(orrery("token ../bob --role user --tokens tokens"), 2);
  ASSERT_EQ(orrery("token eve --role read-only --tokens tokens --json -o e"), 0);
  EXPECT_EQ(json()["token_file"], "e");
}

TEST_F(Verbs, TextFromElsewhereCannotSteerTheTerminal) {
  ASSERT_EQ(ask("POST", "/v1/nodes/node-1/drain", R"({"reason": "x"})", admin()).status, 200);
  operations_.faults = {"red \033[31m"};
  orrery("top");
  EXPECT_TRUE(printed("fault: red ?[31m")) << out_;
}

}  // namespace
}  // namespace orrery::live::api
