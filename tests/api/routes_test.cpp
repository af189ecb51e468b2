// Every route of the HTTP interface, over a real socket.
#include <gtest/gtest.h>
#include <thread>

#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

class Routes : public Stage {
 protected:
  Routes() { open(); }

  uint32_t submit(const std::string& body = R"({"command": ["true"]})") {
    const Got got = ask("POST", "/v1/jobs", body, user());
    EXPECT_EQ(got.status, 201) << got.body;
    return got.json().value("id", UINT32_MAX);
  }
};

TEST_F(Routes, ASubmittedJobArrivesWithAllThatWasSaid) {
  const Got got = ask("POST", "/v1/jobs", R"({
    "name": "train", "group": "vision", "queue": "long", "image": "pytorch:2",
    "command": ["python3", "train.py", "--lines", "one\ntwo"],
    "environment": {"A": "1", "B": "x=y"}, "directory": "data", "tasks": 4, "min_tasks": 2,
    "max_tasks": 8, "cpu_milli": 2500, "memory_mib": 4096, "gpus": 1, "gpu_milli": 500,
    "gpu_types": ["A100", "H100"], "requested_s": 7200.5, "priority": -3, "after": [1, 2],
    "key": "run-17"})",
                      user());
  ASSERT_EQ(got.status, 201) << got.body;
  EXPECT_EQ(got.headers.at("Location"), "/v1/jobs/0");
  EXPECT_EQ(got.headers.at("Content-Type"), "application/json");
  const auto job = got.json();
  EXPECT_EQ(job["user"], "ada");
  EXPECT_EQ(job["state"], "pending");
  EXPECT_EQ(job["started"], nullptr);
  EXPECT_EQ(job["after"], (std::vector<uint32_t>{1, 2}));

  const JobRequest asked = operations_.requests().at(0);
  EXPECT_EQ(asked.name, "train");
  EXPECT_EQ(asked.group, "vision");
  EXPECT_EQ(asked.queue, "long");
  EXPECT_EQ(asked.image, "pytorch:2");
  EXPECT_EQ(asked.command,
            (std::vector<std::string>{"python3", "train.py", "--lines", "one\ntwo"}));
  EXPECT_EQ(asked.environment, (std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}}));
  EXPECT_EQ(asked.directory, "data");
  EXPECT_EQ(asked.tasks, 4u);
  EXPECT_EQ(asked.min_tasks, 2u);
  EXPECT_EQ(asked.max_tasks, 8u);
  EXPECT_EQ(asked.cpu_milli, 2500);
  EXPECT_EQ(asked.memory_mib, 4096);
  EXPECT_EQ(asked.gpus, 1);
  EXPECT_EQ(asked.gpu_milli, 500);
  EXPECT_EQ(asked.gpu_types, (std::vector<std::string>{"A100", "H100"}));
  EXPECT_EQ(asked.requested_s, 7200.5);
  EXPECT_EQ(asked.priority, -3);
  EXPECT_EQ(asked.key, "run-17");
}

TEST_F(Routes, ListsJobsByFilter) {
  submit(R"({"command": ["true"], "name": "one"})");
  submit(R"({"command": ["true"], "name": "two"})");
  operations_.end(1, "failed", 3);
  const auto ids = [&](const std::string& query) {
    const Got got = ask("GET", "/v1/jobs" + query, "", user());
    EXPECT_EQ(got.status, 200) << got.body;
    std::vector<uint32_t> found;
    const auto jobs = got.json()["jobs"];
    for (const auto& job : jobs) found.push_back(job["id"].get<uint32_t>());
    return found;
  };
  using Ids = std::vector<uint32_t>;
  EXPECT_EQ(ids(""), Ids{0});
  EXPECT_EQ(ids("?ended=true"), (Ids{0, 1}));
  EXPECT_EQ(ids("?ended=true&state=failed"), Ids{1});
  EXPECT_EQ(ids("?user=nobody"), Ids{});
  EXPECT_EQ(ids("?ended=true&name=two"), Ids{1});
  EXPECT_EQ(ids("?ended=true&most=1"), Ids{1});
  EXPECT_EQ(ask("GET", "/v1/jobs?most=0", "", user()).status, 400);
  EXPECT_EQ(ask("GET", "/v1/jobs?ended=perhaps", "", user()).status, 400);
  EXPECT_NE(ask("GET", "/v1/jobs?usr=ada", "", user()).error("found").find("usr"),
            std::string::npos);
}

TEST_F(Routes, ShowsCancelsAndExplainsAJob) {
  submit();
  EXPECT_EQ(ask("GET", "/v1/jobs/0", "", user()).json()["state"], "pending");
  const auto why = ask("GET", "/v1/jobs/0/explain", "", user()).json();
  EXPECT_EQ(why["why"], "It waits for 2 GPUs; 1 is free.");
  EXPECT_EQ(why["changes"].size(), 2u);
  EXPECT_EQ(why["ahead"], 3);
  EXPECT_EQ(why["job"]["id"], 0);
  const auto eta = ask("GET", "/v1/jobs/0/eta", "", user()).json();
  EXPECT_EQ(eta["start_s"]["p50"], 60);
  EXPECT_EQ(eta["end_s"]["p95"], nullptr);
  EXPECT_EQ(eta["simulations"], 20);
  EXPECT_EQ(ask("DELETE", "/v1/jobs/0", "", user()).json()["state"], "cancelled");
  EXPECT_EQ(ask("DELETE", "/v1/jobs/0", "", user()).status, 200) << "cancelling twice is fine";
}

TEST_F(Routes, SaysWhatIsNotThereOrTooLate) {
  submit();
  operations_.end(0, "completed", 0);
  const Got late = ask("DELETE", "/v1/jobs/0", "", user());
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.error("code"), "conflict");
  EXPECT_EQ(late.error("message"), "job 0 has ended already");
  for (const char* target : {"/v1/jobs/7", "/v1/jobs/x", "/v1/jobs/-1", "/v1/jobs/4294967296",
                             "/v1/jobs/0/why", "/v1", "/", "/v2/jobs", "/v1/jobs/0/explain/x"}) {
    const Got got = ask("GET", target, "", user());
    EXPECT_EQ(got.status, 404) << target;
    EXPECT_EQ(got.error("code"), "not-found") << target;
  }
  for (const char* method : {"PUT", "PATCH", "POST", "OPTIONS"}) {
    EXPECT_EQ(ask(method, "/v1/jobs/0", "", user()).status, 405) << method;
  }
}

TEST_F(Routes, AnErrorHasAllFiveMembers) {
  const auto error = ask("GET", "/v1/jobs/x", "", user()).json()["error"];
  ASSERT_TRUE(error.is_object());
  EXPECT_EQ(error.size(), 5u);
  for (const char* key : {"code", "message", "expected", "found", "hint"}) {
    EXPECT_TRUE(error.contains(key)) << key;
  }
}

TEST_F(Routes, GivesALogPieceByPiece) {
  submit();
  EXPECT_EQ(ask("GET", "/v1/jobs/0/log", "", user()).status, 409) << "it has not started";
  operations_.start(0);
  operations_.output = std::string("a\0b\xff", 4) + "\nend";
  const Got first = ask("GET", "/v1/jobs/0/log?most=5", "", user());
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, std::string("a\0b\xff\n", 5));
  EXPECT_EQ(first.headers.at("Orrery-Log-Next"), "5");
  EXPECT_EQ(first.headers.at("Orrery-Log-Ended"), "false");
  const Got rest = ask("GET", "/v1/jobs/0/log?from=5&part=0&attempt=1", "", user());
  EXPECT_EQ(rest.body, "end");
  EXPECT_EQ(rest.headers.at("Orrery-Log-Ended"), "true");
  EXPECT_EQ(ask("GET", "/v1/jobs/0/log?attempt=2", "", user()).status, 400);
  EXPECT_EQ(ask("GET", "/v1/jobs/0/log?part=1", "", user()).status, 404);
}

TEST_F(Routes, DrainsAndUndrainsANode) {
  const std::string olga = token(TokenRole::kOperator);
  const Got got = ask("POST", "/v1/nodes/node-1/drain", R"({"reason": "new disk"})", olga);
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.json()["state"], "draining");
  EXPECT_EQ(got.json()["reason"], "new disk (olga)");
  const auto nodes = ask("GET", "/v1/nodes", "", user()).json()["nodes"];
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0]["state"], "draining");
  EXPECT_EQ(nodes[1]["last_heard_s"], nullptr);
  EXPECT_EQ(ask("POST", "/v1/nodes/node-1/undrain", "", olga).json()["state"], "ready")
      << "an undrain needs no reason, nor a body";
  EXPECT_NE(ask("POST", "/v1/nodes/node-1/drain", "{}", olga).error("message").find("reason"),
            std::string::npos);
  EXPECT_EQ(ask("POST", "/v1/nodes/node%2D9/drain", R"({"reason": "x"})", olga).error("message"),
            "there is no node node-9");
}

TEST_F(Routes, ShowsThePlan) {
  const auto steps = ask("GET", "/v1/plan", "", user()).json()["steps"];
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0]["kind"], "start");
  EXPECT_EQ(steps[0]["parts"][0]["node"], "node-1");
}

TEST_F(Routes, HealthNeedsNoToken) {
  const Got well = ask("GET", "/healthz");
  EXPECT_EQ(well.status, 200);
  EXPECT_EQ(well.json()["ok"], true);
  operations_.faults = {"the journal cannot be written"};
  const Got ill = ask("GET", "/healthz");
  EXPECT_EQ(ill.status, 503);
  EXPECT_EQ(ill.json()["faults"][0], "the journal cannot be written");
}

TEST_F(Routes, HeadGivesNoBody) {
  const Got got = ask("HEAD", "/healthz");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "");
}

TEST_F(Routes, AKeyGivesTheSameJob) {
  const std::string body = R"({"command": ["true"], "key": "once"})";
  EXPECT_EQ(submit(body), 0u);
  EXPECT_EQ(submit(body), 0u);
  EXPECT_EQ(ask("POST", "/v1/jobs", body, admin()).json()["id"], 1) << "another user's key";
}

TEST_F(Routes, EightClientsAtATimeGetWhatTheyAskFor) {
  constexpr int kClients = 8;
  constexpr int kEach = 12;
  std::vector<std::thread> clients;
  std::vector<std::vector<uint32_t>> ids(kClients);
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      for (int k = 0; k < kEach; ++k) {
        const std::string name = "c" + std::to_string(i) + "-" + std::to_string(k);
        const Got got =
            ask("POST", "/v1/jobs", R"({"command": ["true"], "name": ")" + name + "\"}", user());
        if (got.status != 201 || got.json()["name"] != name) return;
        ids[i].push_back(got.json()["id"].get<uint32_t>());
        if (ask("GET", got.headers.at("Location"), "", user()).json()["name"] != name) return;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  std::vector<uint32_t> all;
  for (const auto& some : ids) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<size_t>(kClients * kEach));
  EXPECT_TRUE(std::adjacent_find(all.begin(), all.end()) == all.end());
  EXPECT_EQ(audit().size(), all.size());
}

}  // namespace
}  // namespace orrery::live::api
