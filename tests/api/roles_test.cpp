// Who may do what, and what a token must be.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "actors/error.hpp"
#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

namespace fs = std::filesystem;

class Roles : public Stage {
 protected:
  Roles() { open(); }
};

constexpr TokenRole kAll[] = {TokenRole::kReadOnly, TokenRole::kUser, TokenRole::kOperator,
                              TokenRole::kAdmin};

/// A request, and the status that each role gets for it, in the order of kAll.
struct Row {
  const char* method;
  const char* target;
  const char* body;
  int statuses[4];
};

// Job 0 is ada's, job 1 root's; both run. eye is read-only, ada a user, olga an operator.
constexpr Row kMatrix[] = {
    {"GET", "/v1/jobs", "", {200, 200, 200, 200}},
    {"GET", "/v1/jobs/0", "", {200, 200, 200, 200}},
    {"GET", "/v1/jobs/1/explain", "", {200, 200, 200, 200}},
    {"GET", "/v1/jobs/1/eta", "", {200, 200, 200, 200}},
    {"GET", "/v1/nodes", "", {200, 200, 200, 200}},
    {"GET", "/v1/plan", "", {200, 200, 200, 200}},
    {"GET", "/metrics", "", {200, 200, 200, 200}},
    {"GET", "/v1/jobs/0/log", "", {403, 200, 200, 200}},
    {"GET", "/v1/jobs/1/log", "", {403, 403, 200, 200}},
    {"POST", "/v1/jobs", R"({"command": ["true"]})", {403, 201, 201, 201}},
    {"POST", "/v1/nodes/node-1/drain", R"({"reason": "x"})", {403, 403, 200, 200}},
    {"POST", "/v1/nodes/node-1/undrain", "", {403, 403, 200, 200}},
    {"DELETE", "/v1/jobs/1", "", {403, 403, 200, 200}},
    {"DELETE", "/v1/jobs/0", "", {403, 200, 200, 200}},
};

TEST_F(Roles, EachMayDoWhatItsRowSaysAndNoMore) {
  ask("POST", "/v1/jobs", R"({"command": ["true"]})", user());
  ask("POST", "/v1/jobs", R"({"command": ["true"]})", admin());
  operations_.start(0);
  operations_.start(1);
  for (const Row& row : kMatrix) {
    for (size_t i = 0; i < 4; ++i) {
      const Got got = ask(row.method, row.target, row.body, token(kAll[i]));
      EXPECT_EQ(got.status, row.statuses[i])
          << row.method << " " << row.target << " as " << name_of(kAll[i]) << ": " << got.body;
    }
    for (const std::string& wrong : {std::string(), std::string("orrery-0"), user() + "0"}) {
      const Got got = ask(row.method, row.target, row.body, wrong);
      EXPECT_EQ(got.status, 401) << row.method << " " << row.target;
      EXPECT_EQ(got.error("code"), "unauthorized");
      EXPECT_EQ(got.headers.at("WWW-Authenticate"), "Bearer");
    }
  }
}

TEST_F(Roles, OnlyBearerTokensCount) {
  const auto status = [&](const std::string& header) {
    return send("GET /v1/jobs HTTP/1.1\r\nAuthorization: " + header + "\r\n\r\n").status;
  };
  EXPECT_EQ(status("Bearer " + user()), 200);
  EXPECT_EQ(status("bearer " + user()), 200);
  EXPECT_EQ(status("Basic " + user()), 401);
  EXPECT_EQ(status(user()), 401);
  EXPECT_EQ(status("Bearer"), 401);
  EXPECT_EQ(status("Bearer " + user() + " x"), 401);
}

TEST_F(Roles, ATokenCountsUntilItsLineIsGone) {
  const std::string fresh = add_token(config_.tokens, {TokenRole::kUser, "bob"});
  EXPECT_EQ(ask("GET", "/v1/jobs", "", fresh).status, 200);
  std::string kept;
  std::istringstream lines(read_all(config_.tokens));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" bob ") == std::string::npos) kept += line + "\n";
  }
  std::ofstream(config_.tokens) << kept;
  EXPECT_EQ(ask("GET", "/v1/jobs", "", fresh).status, 401);
  EXPECT_EQ(ask("GET", "/v1/jobs", "", user()).status, 200);
}

TEST_F(Roles, NobodyGetsInWhileTheFileOfTokensIsBroken) {
  const std::string good = read_all(config_.tokens);
  std::ofstream(config_.tokens) << good << "king arthur x\n";
  const Got got = ask("GET", "/v1/jobs", "", admin());
  EXPECT_EQ(got.status, 503);
  EXPECT_NE(got.error("message").find("file of tokens"), std::string::npos);
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  std::ofstream(config_.tokens) << good;
  EXPECT_EQ(ask("GET", "/v1/jobs", "", admin()).status, 200);
  fs::permissions(config_.tokens, fs::perms::owner_all | fs::perms::group_read);
  EXPECT_EQ(ask("GET", "/v1/jobs", "", admin()).status, 503) << "others can read it";
}

TEST(TokensFile, ABadLineIsNamed) {
  const std::string hash(64, 'a');
  struct Bad {
    std::string text;
    const char* error;
  };
  const std::vector<Bad> table{
      {"user ada\n", "t:1: expected three words, found 2"},
      {"\n# x\nking ada " + hash,
       "t:3: expected read-only, user, operator or admin, found \"king\""},
      {"user ../ada " + hash, "t:1: expected a name of letters"},
      {"user ada " + hash + "a", "t:1: expected a SHA-256 in 64 hex digits, found something else"},
      {"user ada " + std::string(64, 'g'), "t:1: expected a SHA-256"},
      {"user ada " + hash + "\nadmin bob " + hash, "t:2: expected each token once"},
  };
  for (const Bad& bad : table) {
    try {
      parse_tokens(bad.text, "t");
      ADD_FAILURE() << "taken: " << bad.text;
    } catch (const InputError& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with(bad.error)) << e.what();
    }
  }
  const auto lines = parse_tokens("# x\r\n\r\noperator olga " + hash + "\r\n", "t");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].identity.name, "olga");
}

TEST(TokensFile, HoldsTheHashThatOtherToolsGive) {
  // Example of FIPS 180-4: SHA-256 of "abc".
  const auto lines = parse_tokens(
      "user ada BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "t");
  EXPECT_EQ(lines.at(0).hash, hash_of("abc"));
}

TEST(TokensFile, TheFirstStartMakesOneAdminAndTellsItsTokenInAFile) {
  const Folder folder;
  const fs::path tokens = folder.path() / "tokens";
  const fs::path first = folder.path() / "admin.token";
  EXPECT_TRUE(make_first_token(tokens, first));
  for (const fs::path& file : {tokens, first}) {
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  std::string token = read_all(first);
  token.pop_back();
  EXPECT_EQ(read_all(tokens).find(token), std::string::npos) << "the file keeps hashes alone";
  Tokens read(tokens);
  const auto who = read.who(token);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->role, TokenRole::kAdmin);
  EXPECT_EQ(who->name, "admin");
  EXPECT_FALSE(make_first_token(tokens, first)) << "the second start makes none";
  // A token whose tokens file was lost is not written over.
  fs::remove(tokens);
  EXPECT_THROW(make_first_token(tokens, first), InputError);
}

TEST(TokensFile, MustBeItsOwnersAloneAndHoldAToken) {
  const Folder folder;
  const fs::path file = folder.path() / "tokens";
  EXPECT_THROW(Tokens{file}, EnvironmentError);
  std::ofstream(file) << "# nobody\n";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW(Tokens{file}, InputError);
  add_token(file, {TokenRole::kUser, "ada"});
  EXPECT_NO_THROW(Tokens{file});
  fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
  EXPECT_THROW(Tokens{file}, InputError);
  EXPECT_THROW(add_token(file, {TokenRole::kUser, "bob"}), InputError);
}

TEST(TokensFile, TwoTokensAreNeverAlike) { EXPECT_NE(draw_token(), draw_token()); }

}  // namespace
}  // namespace orrery::live::api
