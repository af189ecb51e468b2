// A newcomer's path through docs/operating.md: the built program as controller, agent and verbs.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/service/program.hpp"

namespace orrery::cli {
namespace {

class Path : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::temp_directory_path() / ("orrery-path-" + name + "-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    agent_.reset();
    controller_.reset();
    fs::remove_all(folder_);
  }

  void begin(const std::string& cluster, std::vector<std::string> for_agent = {},
             std::map<std::string, std::string> variables = {}) {
    std::ofstream(folder_ / "cluster.yaml")
        << "name: path\ncluster: " << cluster << "\npolicy: fcfs+easy\n";
    std::string wire = "ipc://" + (folder_ / "wire").string();
    controller_ = std::make_unique<Program>(
        folder_ / "controller.log",
        std::vector<std::string>{"controller", (folder_ / "cluster.yaml").string(), "--state",
                                 (folder_ / "ctl").string(), "--listen", wire, "--http",
                                 "127.0.0.1:0"});
    controller_->start();
    url_ = controller_->url();
    ASSERT_NE(url_, "") << controller_->said();
    std::vector<std::string> arguments{"agent", "node0",   "--controller",
                                       wire,    "--state", (folder_ / "node0").string()};
    arguments.insert(arguments.end(), for_agent.begin(), for_agent.end());
    agent_ = std::make_unique<Program>(folder_ / "agent.log", arguments);
    agent_->variables = std::move(variables);
    agent_->start();
  }

  /// A verb, as a person types it; its exit code.
  int orrery(const std::string& arguments) {
    std::string call = "cd '" + folder_.string() + "' && ORRERY_CONTROLLER=" + url_ +
                       " ORRERY_TOKEN_FILE=ctl/admin.token '" ORRERY_BINARY "' " + arguments +
                       " >out.txt 2>err.txt </dev/null";
    int status = std::system(call.c_str());
    out_ = read("out.txt");
    err_ = read("err.txt");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  bool says(const std::string& text) const { return out_.find(text) != std::string::npos; }

  fs::path folder_;
  std::string url_;
  std::string out_;
  std::string err_;
  std::unique_ptr<Program> controller_;
  std::unique_ptr<Program> agent_;
};

TEST_F(Path, FromSubmitToDrain) {
  begin("2x2");
  if (HasFatalFailure()) return;
  ASSERT_EQ(
      orrery("submit --name hello -- sh -c 'echo hello from $ORRERY_NODE; sleep 0.2; exit 3'"), 0)
      << err_;
  EXPECT_TRUE(says("job 0"));
  ASSERT_EQ(orrery("logs -f hello"), 0) << err_;
  EXPECT_EQ(out_, "hello from node0\n");
  ASSERT_EQ(orrery("ps -a --json"), 0) << err_;
  auto job = nlohmann::json::parse(out_).at("jobs").at(0);
  EXPECT_EQ(job.at("state"), "failed");
  EXPECT_EQ(job.at("exit_code"), 3);
  ASSERT_EQ(orrery("nodes"), 0) << err_;
  EXPECT_TRUE(says("node0") && says("ready") && says("node1") && says("down")) << out_;
  ASSERT_EQ(orrery("submit --name wide --tasks 4 -- true"), 0) << err_;
  ASSERT_EQ(orrery("explain wide"), 0) << err_;
  EXPECT_TRUE(says("needs 4 tasks placed, 2 fit now")) << out_;
  EXPECT_TRUE(says("drained, silent or down hold 2 more")) << out_;
  EXPECT_EQ(orrery("plan"), 0) << err_;
  EXPECT_EQ(orrery("eta wide"), 0) << err_;
  EXPECT_EQ(orrery("top --once"), 0) << err_;
  EXPECT_EQ(orrery("drain node0 --reason 'new disk'"), 0) << err_;
  ASSERT_EQ(orrery("nodes"), 0) << err_;
  EXPECT_TRUE(says("drained") && says("new disk (admin)")) << out_;
  EXPECT_EQ(orrery("undrain node0"), 0) << err_;
  EXPECT_EQ(orrery("cancel wide"), 0) << err_;
  EXPECT_EQ(orrery("cancel wide"), 1);
  EXPECT_EQ(orrery("logs nobody"), 2);
  controller_->kill(SIGTERM);
  EXPECT_EQ(WEXITSTATUS(controller_->status()), 0);
  EXPECT_EQ(orrery("ps"), 3);
  EXPECT_EQ(orrery("replay ctl --verify"), 0) << err_;
  std::string audit = read("ctl/audit.jsonl");
  EXPECT_NE(audit.find("\"what\":\"drain\""), std::string::npos);
}

TEST_F(Path, OneStateIsForOneControllerAndForOneScenario) {
  begin("1x1");
  if (HasFatalFailure()) return;
  std::string more = " --listen ipc://" + (folder_ / "other").string() + " --http 127.0.0.1:0";
  EXPECT_EQ(orrery("controller --state ctl" + more), 3);
  EXPECT_NE(err_.find("in use by another process"), std::string::npos) << err_;
  controller_->kill(SIGKILL);
  EXPECT_EQ(orrery("controller cluster.yaml --set policy.order=sjf --state ctl" + more), 2);
  EXPECT_NE(err_.find("the scenario that the state was begun with"), std::string::npos) << err_;
  EXPECT_EQ(orrery("controller --state new" + more), 2);
  EXPECT_NE(err_.find("a scenario to begin with"), std::string::npos) << err_;
  // One changed byte in the journal, and nothing goes on.
  std::string journal = read("ctl/journal");
  journal[journal.size() / 2] = static_cast<char>(journal[journal.size() / 2] ^ 1);
  std::ofstream(folder_ / "ctl/journal", std::ios::binary) << journal;
  EXPECT_EQ(orrery("controller --state ctl" + more), 2);
  EXPECT_NE(err_.find("changed or damaged"), std::string::npos) << err_;
}

TEST_F(Path, AContainerSeesTheGpusOfItsPart) {
  std::ofstream(folder_ / "gpus.yaml") << "gpus: [{model: A100-80GB, count: 4}]\n";
  begin("1x8:gpus=4", {"--gpus", "--nvml", ORRERY_NVML_SIM_LIBRARY},
        {{"ORRERY_NVML_SIM", (folder_ / "gpus.yaml").string()}});
  if (HasFatalFailure()) return;
  ASSERT_EQ(orrery("submit --name none -- sh -c 'echo \"[$CUDA_VISIBLE_DEVICES]\"'"), 0) << err_;
  ASSERT_EQ(orrery("submit --name two --gpus 2 -- sh -c 'echo \"[$CUDA_VISIBLE_DEVICES]\"'"), 0)
      << err_;
  ASSERT_EQ(orrery("logs -f none"), 0) << err_ << agent_->said();
  EXPECT_EQ(out_, "[]\n");
  ASSERT_EQ(orrery("logs -f two"), 0) << err_;
  EXPECT_EQ(out_.rfind("[GPU-", 0), 0u) << out_;
  EXPECT_NE(out_.find(",GPU-"), std::string::npos) << out_;
}

}  // namespace
}  // namespace orrery::cli
