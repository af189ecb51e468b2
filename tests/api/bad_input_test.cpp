// Whatever a request says, its answer tells what is wrong with it, and nothing is carried out.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "live/api/fault.hpp"
#include "live/api/json.hpp"
#include "live/api/router.hpp"
#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

struct Bad {
  std::string body;
  std::string message;  ///< what the error's message begins with
};

/// A job with one more member.
std::string job_with(const std::string& member) {
  return R"({"command": ["true"], )" + member + "}";
}

std::vector<Bad> bad_jobs() {
  const std::string a_thousand(1000, 'x');
  return {
      {"", "the body: expected one JSON object, found no JSON at line 1, column 1"},
      {"[]", "the body: expected one JSON object, found a list"},
      {"{", "the body: expected one JSON object, found no JSON at line 1"},
      {"{\"command\":\n [\"true\"],,}",
       "the body: expected one JSON object, found no JSON at line 2"},
      {"{} {}", "the body: expected one JSON object, found no JSON"},
      {"\"\xff\"", "the body: expected one JSON object, found no JSON"},
      {"{\"priority\": 1e999}", "the body: expected numbers that fit 64 bits"},
      {std::string(1000, '['), "the body: expected at most 8 levels"},
      {"{}", "command: expected a program and its arguments, found none"},
      {R"({"command": []})", "command: expected a program"},
      {R"({"command": [""]})", "command: expected a program"},
      {R"({"command": "true"})", "command: expected a list of texts, found \"true\""},
      {R"({"command": ["a", 1]})", "command: expected text, found 1"},
      {R"({"command": ["a\u0000b"]})", "command: expected text, found a byte 0 in it"},
      {job_with(R"("tasks": 0)"), "tasks: expected a whole number from 1 to 1000000, found 0"},
      {job_with(R"("tasks": -1)"), "tasks: expected a whole number from 1"},
      {job_with(R"("tasks": 1.5)"), "tasks: expected a whole number from 1 to 1000000, found 1.5"},
      {job_with(R"("tasks": "4")"),
       "tasks: expected a whole number from 1 to 1000000, found \"4\""},
      {job_with(R"("tasks": 18446744073709551615)"), "tasks: expected a whole number"},
      {job_with(R"("tasks": 2, "min_tasks": 3)"), "min_tasks: expected at most tasks, 2, found 3"},
      {job_with(R"("tasks": 2, "max_tasks": 1)"), "max_tasks: expected at least tasks, 2, found 1"},
      {job_with(R"("cpu_milli": -1)"), "cpu_milli: expected a whole number from 0"},
      {job_with(R"("gpu_milli": 1001)"), "gpu_milli: expected a whole number from 1 to 1000"},
      {job_with(R"("gpu_types": "A100")"), "gpu_types: expected a list of texts"},
      {job_with(R"("requested_s": 0)"), "requested_s: expected seconds, more than 0"},
      {job_with(R"("requested_s": "1h")"), "requested_s: expected seconds"},
      {job_with(R"("after": [4294967296])"), "after: expected a whole number from 0 to 4294967295"},
      {job_with(R"("after": 3)"), "after: expected a list of whole numbers, found 3"},
      {job_with(R"("environment": ["A=1"])"), "environment: expected an object of texts"},
      {job_with(R"("environment": {"A": 1})"), "environment.A: expected text, found 1"},
      {job_with(R"("environment": {"A=B": "1"})"), "environment: expected names of variables"},
      {job_with(R"("name": "two\nlines")"), "name: expected text in one line"},
      {job_with(R"("name": "17")"), "name: expected a name that is no number"},
      {job_with(R"("queue": ")" + a_thousand + "\""),
       "queue: expected text in one line of at most"},
      {job_with(R"("tsks": 4)"), "\"tsks\": expected a known key"},
      {R"({"command": ["a"], "command": ["b"]})", "\"command\": expected each key once"},
  };
}

class BadInput : public Stage {
 protected:
  BadInput() { open(); }
};

TEST_F(BadInput, ABadJobIsA400ThatNamesTheKey) {
  for (const Bad& bad : bad_jobs()) {
    // With a length of 0 there is no header for it.
    const Got got = ask("POST", "/v1/jobs", bad.body, user());
    EXPECT_EQ(got.status, 400) << bad.body;
    EXPECT_EQ(got.error("code"), "bad-request") << bad.body;
    EXPECT_TRUE(got.error("message").starts_with(bad.message)) << bad.body.substr(0, 80) << "\n"
                                                               << got.body;
    EXPECT_FALSE(got.error("expected").empty()) << bad.body;
    EXPECT_FALSE(got.error("found").empty()) << bad.body;
  }
  EXPECT_TRUE(operations_.requests().empty());
}

TEST_F(BadInput, NullSaysNothing) {
  const Got got = ask("POST", "/v1/jobs", job_with(R"("requested_s": null, "name": null)"), user());
  EXPECT_EQ(got.status, 201) << got.body;
}

TEST_F(BadInput, ABodyOfMoreThanAMebibyteIsA400) {
  const std::string large = job_with("\"name\": \"" + std::string(1 << 20, 'x') + "\"");
  const Got plain = ask("POST", "/v1/jobs", large, user());
  EXPECT_EQ(plain.status, 400);
  EXPECT_NE(plain.error("message").find("1 MiB"), std::string::npos) << plain.body;

  std::string chunked = "POST /v1/jobs HTTP/1.1\r\nAuthorization: Bearer " + user() +
                        "\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  const Got pieces = send(chunked + "0\r\n\r\n");
  EXPECT_EQ(pieces.status, 400);
  EXPECT_NE(pieces.error("message").find("1 MiB"), std::string::npos) << pieces.body;
  EXPECT_TRUE(operations_.requests().empty());
}

TEST_F(BadInput, ABodyJustBelowTheLimitIsRead) {
  const std::string body =
      job_with("\"environment\": {\"A\": \"" + std::string(1'000'000, 'x') + "\"}");
  EXPECT_EQ(ask("POST", "/v1/jobs", body, user()).status, 201);
}

TEST_F(BadInput, FormsAndCompressedBodiesAreNotTakenApart) {
  const auto with = [&](const std::string& header, const std::string& body) {
    return send("POST /v1/jobs HTTP/1.1\r\nAuthorization: Bearer " + user() + "\r\n" + header +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  // What curl -d says without being told otherwise.
  EXPECT_EQ(with("Content-Type: application/x-www-form-urlencoded",
                 job_with("\"name\": \"" + std::string(100, 'x') + "\""))
                .status,
            201);
  EXPECT_EQ(
      with("Content-Type: multipart/form-data; boundary=x", "--x\r\n" + std::string(9000, 'C'))
          .status,
      400);
  const Got coded = with("Content-Encoding: gzip", "\x1f\x8b\x08");
  EXPECT_EQ(coded.status, 400);
  EXPECT_NE(coded.error("message").find("Content-Encoding"), std::string::npos);
}

TEST_F(BadInput, ARangeIsPassedOver) {
  std::string ranges = "Range: bytes=0-1";
  while (ranges.size() < 4000) ranges += ",1-2";
  for (const std::string& range : {std::string("Range: bytes=0-1"), ranges}) {
    const Got got = send("GET /healthz HTTP/1.1\r\n" + range + "\r\n\r\n");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.json()["ok"], true);
  }
}

TEST_F(BadInput, WhatIsNoRequestGetsAnErrorOrAnEnd) {
  const std::string long_line(5000, 'a');
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "A: b\r\n";
  const std::vector<std::pair<std::string, int>> table{
      {"GET / HTTP/9.9\r\n\r\n", 400},
      {"BREW /pot HTTP/1.1\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /v1/jobs?a=%zz HTTP/1.1\r\n\r\n", 400},
      {"GET v1 HTTP/1.1\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\n\r\n", 404},
      {"GET /\xff\xfe HTTP/1.1\r\n\r\n", 404},
      {"GET /" + long_line + " HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: " + long_line + "\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + many + "\r\n", 400},
      {"CONNECT example.org:80 HTTP/1.1\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nRange: bytes=x\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\n\n", 400},
      {"GET /healthz HTTP/1.1\r\nA: b\n\r\n", 400},
      {"\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : table) {
    Got got = send(bytes);
    EXPECT_EQ(got.status, status) << bytes.substr(0, 60);
    EXPECT_FALSE(got.error("message").empty());
    EXPECT_EQ(got.headers["Content-Type"], "application/json") << bytes.substr(0, 60);
  }
}

/// The parts below take bytes without a socket: many cases a second.
class Parser : public testing::Test {
 protected:
  Folder folder_;
  FakeOperations operations_;
};

bool is_fault(const Answer& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  return body.is_object() && body.contains("error") && body["error"].size() == 5;
}

RC_GTEST_FIXTURE_PROP(Parser, AnyTargetIsAPathOrNothing, (std::string text)) {
  const auto target = target_of("/" + text);
  size_t bytes = 0;
  if (target) {
    for (const auto& query : target->queries) bytes += query.first.size() + query.second.size();
    for (const std::string& segment : target->segments) bytes += segment.size();
  }
  RC_ASSERT(bytes <= text.size());
  RC_ASSERT(!target_of("x" + text));
}

RC_GTEST_FIXTURE_PROP(Parser, AWordSurvivesBeingWrittenIntoAPath, (const std::string& word)) {
  RC_PRE(!word.empty());
  std::string path = "/v1/";
  for (const char c : word) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    path += hex;
  }
  const auto target = target_of(path + "?x=" + path.substr(4));
  RC_ASSERT(target);
  RC_ASSERT(target->segments.at(1) == word);
  RC_ASSERT(target->queries.at(0).second == word);
}

/// Texts that are nearly a job: pieces of good JSON in any order, cut anywhere.
rc::Gen<std::string> nearly_a_job() {
  static const std::vector<std::string> kPieces{"{",
                                                "}",
                                                "[",
                                                "]",
                                                ",",
                                                ":",
                                                "\"command\"",
                                                "\"tasks\"",
                                                "\"true\"",
                                                "1",
                                                "-1",
                                                "1e99",
                                                "null",
                                                "\"environment\"",
                                                "\"\\u0000\"",
                                                "\"\\ud800\"",
                                                "\xff",
                                                "\"",
                                                "true",
                                                "0.5",
                                                "\"after\"",
                                                R"({"command": ["true"]})",
                                                R"("command": ["true"],)",
                                                "18446744073709551616"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces) text += piece;
                        return text;
                      });
}

RC_GTEST_FIXTURE_PROP(Parser, AnyBodyIsAJobOrA400, ()) {
  const std::string body = *rc::gen::oneOf(nearly_a_job(), rc::gen::arbitrary<std::string>(),
                                           rc::gen::map(nearly_a_job(), [](std::string s) {
                                             return R"({"command": ["a"], )" + s + "}";
                                           }));
  try {
    const JobRequest job = job_request_of(body);
    RC_ASSERT(!job.command.empty());
    RC_ASSERT(job.tasks >= 1u);
  } catch (const Fault& fault) {
    RC_ASSERT(fault.status() == 400);
    RC_ASSERT(nlohmann::json::accept(fault.body()));
  }
}

TEST_F(Parser, TheRouterAnswersAnything) {
  static const std::vector<std::string> kMethods{"GET", "POST", "DELETE", "HEAD", "", "x\n"};
  static const std::vector<std::string> kParts{"/",   "v1", "jobs", "nodes",  "drain",
                                               "log", "0",  "%",    "%2F",    "?",
                                               "&",   "=",  "from", "metrics"};
  const std::string token = add_token(folder_.path() / "tokens", {TokenRole::kAdmin, "root"});
  Tokens tokens(folder_.path() / "tokens");
  Audit audit(folder_.path() / "audit");
  Router router(operations_, tokens, audit);
  rc::check("any request", [&] {
    Request request;
    request.method = *rc::gen::elementOf(kMethods);
    request.target = "/";
    for (const std::string& part :
         *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kParts))) {
      request.target += part;
    }
    request.target += *rc::gen::arbitrary<std::string>();
    request.authorization = *rc::gen::arbitrary<bool>() ? "Bearer " + token : "Bearer x";
    request.body = *nearly_a_job();
    const Answer answer = router.handle(request);
    RC_ASSERT(answer.status >= 200 && answer.status < 600 && answer.status != 500);
    RC_ASSERT(answer.status < 400 || is_fault(answer));
  });
}

/// Bytes that are nearly a request.
rc::Gen<std::string> nearly_a_request() {
  static const std::vector<std::string> kPieces{"GET ",
                                                "POST ",
                                                "/v1/jobs",
                                                "/healthz",
                                                " HTTP/1.1",
                                                "\r\n",
                                                "\n",
                                                "\r",
                                                "Content-Length: ",
                                                "5",
                                                "-1",
                                                "99999999999999999999",
                                                "Transfer-Encoding: chunked",
                                                "Expect: 100-continue",
                                                "Range: bytes=",
                                                "0-",
                                                ",",
                                                "a",
                                                " ",
                                                ":",
                                                "%",
                                                "\xff",
                                                "\r\n\r\n",
                                                "Host: x",
                                                "Content-Type: multipart/form-data; boundary=",
                                                "Content-Encoding: br",
                                                "Authorization: Bearer ",
                                                "GET /healthz HTTP/1.1\r\n",
                                                "POST /v1/jobs HTTP/1.1\r\n",
                                                std::string(1, '\0'),
                                                "ffffffff\r\n"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces) text += piece;
                        return text;
                      });
}

TEST_F(BadInput, NoBytesBringTheServerDown) {
  rc::check("any bytes", [&] {
    const std::string bytes =
        *rc::gen::oneOf(nearly_a_request(), rc::gen::arbitrary<std::string>());
    Client client(server_->port());
    client.send(bytes);
    client.shut();
    const std::string answer = client.receive();
    RC_ASSERT(answer.empty() || parse_answer(answer).status >= 100);
  });
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace orrery::live::api
