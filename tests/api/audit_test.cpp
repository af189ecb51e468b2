// Nothing is changed that the audit log does not tell of.
#include "live/api/audit.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "actors/error.hpp"
#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

namespace fs = std::filesystem;
constexpr const char* kJob = R"({"command": ["true"]})";

class AuditLog : public Stage {};

TEST_F(AuditLog, HasALineForEachChangeDoneOrRefused) {
  open();
  ask("POST", "/v1/jobs", kJob, user());
  ask("GET", "/v1/jobs", "", user());
  ask("POST", "/v1/jobs", "{}", user());
  ask("DELETE", "/v1/jobs/0", "", token(TokenRole::kReadOnly));
  ask("POST", "/v1/nodes/node-1/drain", R"({"reason": "new \"disk\""})", admin());
  ask("POST", "/v1/nodes/node-9/undrain", "", admin());
  ask("DELETE", "/v1/jobs/0");
  struct Row {
    const char* what;
    nlohmann::json who, role, object;
    const char* outcome;
    int status;
  };
  const std::vector<Row> expected{
      {"submit", "ada", "user", "0", "done", 201},
      {"submit", "ada", "user", nullptr, "refused", 400},
      {"cancel", "eye", "read-only", "0", "refused", 403},
      {"drain", "root", "admin", "node-1", "done", 200},
      {"undrain", "root", "admin", "node-9", "refused", 404},
      {"cancel", nullptr, nullptr, "0", "refused", 401},
  };
  const auto lines = audit();
  ASSERT_EQ(lines.size(), expected.size()) << read_all(config_.audit);
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i]["what"], expected[i].what) << i;
    EXPECT_EQ(lines[i]["who"], expected[i].who) << i;
    EXPECT_EQ(lines[i]["role"], expected[i].role) << i;
    EXPECT_EQ(lines[i]["object"], expected[i].object) << i;
    EXPECT_EQ(lines[i]["outcome"], expected[i].outcome) << i;
    EXPECT_EQ(lines[i]["status"], expected[i].status) << i;
    EXPECT_EQ(lines[i]["from"], "127.0.0.1") << i;
    // 2026-11-21T17:26:46.123Z
    const auto when = lines[i]["when"].get<std::string>();
    EXPECT_EQ(when.size(), 24u) << when;
    EXPECT_TRUE(when.starts_with("20") && when.ends_with("Z")) << when;
  }
  EXPECT_EQ(lines[3]["reason"], "new \"disk\"");
  EXPECT_EQ(lines[3]["refusal"], nullptr);
  EXPECT_EQ(lines[4]["refusal"], "there is no node node-9");
  EXPECT_EQ(fs::status(config_.audit).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AuditLog, GoesOnWhereAnEarlierRunEnded) {
  open();
  ask("POST", "/v1/jobs", kJob, user());
  server_.reset();
  open();
  ask("POST", "/v1/jobs", kJob, user());
  EXPECT_EQ(audit().size(), 2u);
}

TEST_F(AuditLog, IsMadeAnewWhenItWasMovedAway) {
  open();
  ask("POST", "/v1/jobs", kJob, user());
  fs::rename(config_.audit, folder_.path() / "audit.1");
  EXPECT_EQ(ask("POST", "/v1/jobs", kJob, user()).status, 201);
  EXPECT_EQ(audit().size(), 1u);
}

TEST_F(AuditLog, WithoutItNothingIsChanged) {
  open();
  fs::remove(config_.audit);
  fs::create_directory(config_.audit);
  const Got got = ask("POST", "/v1/jobs", kJob, user());
  EXPECT_EQ(got.status, 503);
  EXPECT_NE(got.error("message").find("audit log"), std::string::npos) << got.body;
  EXPECT_EQ(ask("POST", "/v1/nodes/node-1/drain", R"({"reason": "x"})", admin()).status, 503);
  EXPECT_TRUE(operations_.requests().empty());
  EXPECT_EQ(ask("GET", "/v1/jobs", "", user()).status, 200) << "looking is still possible";
  fs::remove(config_.audit);
  EXPECT_EQ(ask("POST", "/v1/jobs", kJob, user()).status, 201);
}

TEST_F(AuditLog, AFullDiskStopsChangesUntilThereIsRoom) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  open();
  fs::remove(config_.audit);
  fs::create_symlink("/dev/full", config_.audit);
  const Got got = ask("POST", "/v1/jobs", kJob, user());
  EXPECT_EQ(got.status, 503);
  EXPECT_NE(got.error("message").find("No space left"), std::string::npos) << got.body;
  EXPECT_TRUE(operations_.requests().empty());
  fs::remove(config_.audit);
  EXPECT_EQ(ask("POST", "/v1/jobs", kJob, user()).status, 201);
}

TEST_F(AuditLog, ALineThatCouldNotBeWrittenIsSaidAndWrittenLater) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  // The disk fills up while the job is being taken.
  const fs::path aside = folder_.path() / "aside";
  Audit log(aside);
  log.prepare();
  fs::remove(aside);
  fs::create_symlink("/dev/full", aside);
  EXPECT_THROW(log.prepare(), EnvironmentError);
  EXPECT_THROW(log.write({"ada", "user", "", "submit", "0", "", 201, ""}), EnvironmentError);
  EXPECT_THROW(log.prepare(), EnvironmentError);
  fs::remove(aside);
  log.prepare();
  EXPECT_NE(read_all(aside).find(R"("who":"ada")"), std::string::npos);
}

TEST_F(AuditLog, AServerWithoutOneDoesNotStart) {
  config_.audit = folder_.path() / "nowhere" / "audit.jsonl";
  EXPECT_THROW(ApiServer(config_, operations_), EnvironmentError);
}

}  // namespace
}  // namespace orrery::live::api
