// Whatever an engine sends is a value, nothing, or an EngineError; never a crash.
#include "live/engine/parse.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "live/engine/bodies.hpp"
#include "live/engine/labels.hpp"
#include "tests/drivers/contract_world.hpp"
#include "tests/engine/unix_server.hpp"

namespace orrery::live {
namespace {

using nlohmann::json;

const std::vector<std::string>& samples() {
  static const std::vector<std::string> kSamples{
      R"({"ApiVersion":"1.41","MinAPIVersion":"1.12","Version":"20.10",
          "Components":[{"Name":"Podman Engine"}]})",
      R"({"NCPU":2,"MemTotal":25276514304,"CgroupVersion":"1","CgroupDriver":"cgroupfs"})",
      R"({"Id":"abc","Name":"/x","State":{"Status":"exited","ExitCode":3,"Pid":0},
          "Config":{"Labels":{"io.orrery.run":"r","io.orrery.job":"4"}}})",
      R"([{"Id":"abc","Names":["/x"],"State":"running","Labels":{"a":"b"}}])",
      R"({"pids_stats":{"current":2},"cpu_stats":{"cpu_usage":{"total_usage":38332254},
          "throttling_data":{"throttled_time":7}},
          "memory_stats":{"usage":659456,"stats":{"total_inactive_file":4096}}})",
      R"({"Action":"die","Actor":{"ID":"abc","Attributes":{"exitCode":"3"}},"timeNano":17})",
      R"({"message":"No such container: x1"})",
  };
  return kSamples;
}

/// Every parser on the same bytes.
void parse_all(const std::string& bytes) {
  version_of(bytes);
  info_of(bytes);
  if (const auto container = inspected_of(bytes)) {
    key_of(container->labels, "r");
    log_of(container->labels);
  }
  listed_of(bytes);
  stats_of(bytes);
  event_of(bytes);
  message_of(bytes);
  is_api_error(bytes);
  LogFrames frames;
  size_t out = 0;
  frames.feed(bytes, [&](std::string_view piece) { return (out += piece.size()) < 1000; });
  LineCutter lines;
  lines.feed(bytes, [](std::string_view) { return true; });
}

/// A JSON value of any shape, with keys that the API has.
rc::Gen<json> any_json(int depth) {
  const auto leaf = rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<int64_t>(), [](int64_t n) { return json(n); }),
      rc::gen::map(rc::gen::arbitrary<uint64_t>(), [](uint64_t n) { return json(n); }),
      rc::gen::map(rc::gen::arbitrary<double>(), [](double d) { return json(d); }),
      rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return json(b); }),
      rc::gen::element(json(), json("running"), json("exited"), json("1.41"), json("-9e99"),
                       json("18446744073709551616"), json(1e300), json(-1e300)));
  if (depth == 0) return leaf;
  const auto key = rc::gen::element<std::string>(
      "Id", "State", "Status", "ExitCode", "Config", "Labels", "Names", "Name", "ApiVersion",
      "MinAPIVersion", "Components", "cpu_stats", "cpu_usage", "total_usage", "memory_stats",
      "usage", "stats", "inactive_file", "pids_stats", "current", "Action", "Actor", "ID",
      "Attributes", "timeNano", "NCPU", "message", "io.orrery.run", "io.orrery.job");
  const auto below = rc::gen::lazy([depth] { return any_json(depth - 1); });
  const auto values = rc::gen::container<std::vector<json>>(below);
  const auto members =
      rc::gen::container<std::vector<std::pair<std::string, json>>>(rc::gen::pair(key, below));
  return rc::gen::resize(
      8, rc::gen::oneOf(leaf, rc::gen::map(values, [](const auto& list) { return json(list); }),
                        rc::gen::map(members, [](const auto& list) {
                          json object = json::object();
                          for (const auto& [name, value] : list) object[name] = value;
                          return object;
                        })));
}

RC_GTEST_PROP(EngineParse, AnyBytesAreSurvived, (const std::string& bytes)) { parse_all(bytes); }

RC_GTEST_PROP(EngineParse, AnyJsonIsSurvived, ()) { parse_all((*any_json(3)).dump()); }

RC_GTEST_PROP(EngineParse, DamagedAnswersAreSurvived, ()) {
  std::string bytes = *rc::gen::elementOf(samples());
  const auto changes = *rc::gen::container<std::vector<std::pair<uint16_t, char>>>(
      rc::gen::arbitrary<std::pair<uint16_t, char>>());
  for (const auto& [at, value] : changes) bytes[at % bytes.size()] = value;
  if (*rc::gen::arbitrary<bool>()) bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size()));
  parse_all(bytes);
}

RC_GTEST_PROP(EngineParse, LogsAreTheSameHoweverTheyAreCut, ()) {
  const auto texts = *rc::gen::arbitrary<std::vector<std::string>>();
  std::string stream;
  std::string expected;
  for (const std::string& text : texts) {
    stream += std::string("\1\0\0\0\0\0", 6);
    stream += static_cast<char>(text.size() >> 8U);
    stream += static_cast<char>(text.size() & 0xFFU);
    stream += text;
    expected += text;
  }
  std::string got;
  LogFrames frames;
  while (!stream.empty()) {
    const auto size = *rc::gen::inRange<size_t>(1, stream.size() + 1);
    frames.feed(std::string_view(stream).substr(0, size), [&](std::string_view piece) {
      got += piece;
      return true;
    });
    stream.erase(0, size);
  }
  RC_ASSERT(got == expected);
}

TEST(EngineParse, DeepJsonIsSurvived) {
  const std::string deep(2'000, '[');
  parse_all(deep);
  parse_all(deep + std::string(2'000, ']'));
}

TEST(EngineParse, ReadsTheSamples) {
  EXPECT_EQ(version_of(samples()[0])->flavour, EngineFlavour::kPodman);
  EXPECT_EQ(info_of(samples()[1])->cgroup_version, 1);
  EXPECT_EQ(inspected_of(samples()[2])->exit_code, 3);
  EXPECT_EQ(listed_of(samples()[3])->at(0).name, "x");
  EXPECT_EQ(stats_of(samples()[4])->memory_bytes, 655360);
  EXPECT_EQ(stats_of(samples()[4])->throttled_ns, 7);
  EXPECT_EQ(event_of(samples()[5])->attributes.at("exitCode"), "3");
  EXPECT_EQ(message_of(samples()[6]), "No such container: x1");
  EXPECT_FALSE(is_api_error("Not Found"));
  EXPECT_FALSE(is_api_error(R"({"message":"page not found"})"));
}

TEST(EngineParse, NamesAreDistinctAndAllowed) {
  const ContainerKey key{{4}, 2, 1};
  EXPECT_EQ(container_name("r1", key), "orrery-r1-4-2-1");
  EXPECT_NE(container_name("a/b", key), container_name("a_b", key));
  EXPECT_NE(container_name("a/b", key), container_name("a?b", key));
  const std::string name = container_name(std::string(200, '/'), key);
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-"), std::string::npos);
}

TEST(EngineParse, BodiesTakeAnyText) {
  EngineCreate wanted;
  wanted.command = {"a", "\xff\xfe"};
  wanted.environment = {{"X", std::string("\0\x80", 2)}};
  EXPECT_TRUE(json_of(create_body(wanted)));
}

/// A server that answers every call with the same bytes.
class Babbler {
 public:
  Babbler()
      : server_(folder_.path() / "s", [this](const auto& request, auto& out) {
          std::string said;
          {
            const std::lock_guard lock(mutex_);
            said = said_;
            // So that the other calls come so far as to be made.
            const bool who = request.path == "/version" || request.path == "/_ping";
            if (who && knows_version_) said.clear();
          }
          if (said.empty()) {
            out.answer(200, samples()[0]);
          } else {
            out.send(said);
          }
        }) {
    server_.serve();
  }
  void say(std::string bytes, bool knows_version) {
    const std::lock_guard lock(mutex_);
    said_ = std::move(bytes);
    knows_version_ = knows_version;
  }
  const std::filesystem::path& socket() const { return server_.socket(); }

 private:
  contract::TemporaryFolder folder_;
  std::mutex mutex_;
  std::string said_;
  bool knows_version_ = false;
  testing_support::UnixServer server_;
};

/// Makes one of the calls; it does what it should or throws EngineError.
void call_any(const std::filesystem::path& socket) {
  using std::chrono::milliseconds;
  const Client::Deadlines quick{milliseconds(150), milliseconds(150), milliseconds(150)};
  const std::vector<std::function<void(Client&)>> calls{
      [](Client& c) { c.ping(); },
      [](Client& c) { c.version(); },
      [](Client& c) { c.info(); },
      [](Client& c) { c.create({}); },
      [](Client& c) { c.start("x"); },
      [](Client& c) { c.wait("x", milliseconds(500)); },
      [](Client& c) {
        c.update("x", {1000, 1, "0"});
      },
      [](Client& c) { c.inspect("x"); },
      [](Client& c) { c.list({}); },
      [](Client& c) { c.stats("x", milliseconds(500)); },
      [](Client& c) { c.logs("x", false, [](std::string_view) { return true; }); },
      [](Client& c) { c.events({}, 0, [](const EngineEvent&) { return true; }); },
  };
  Client client(socket, quick);
  try {
    (*rc::gen::elementOf(calls))(client);
  } catch (const EngineError& error) {
    RC_ASSERT(!std::string(error.what()).empty());
  }
}

TEST(EngineClient, AnyAnswerIsSurvived) {
  Babbler babbler;
  rc::check([&] {
    const auto body =
        *rc::gen::oneOf(rc::gen::arbitrary<std::string>(), rc::gen::elementOf(samples()),
                        rc::gen::map(any_json(2), [](const json& value) { return value.dump(); }));
    const auto status = *rc::gen::element(100, 101, 200, 201, 204, 304, 400, 404, 409, 500, 999);
    const auto head = "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n";
    const auto length = *rc::gen::element<std::string>(
        "\r\n", "Content-Length: 5\r\n\r\n", "Content-Length: -1\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        "");
    babbler.say(*rc::gen::element<std::string>(head + length + body, body, head + length),
                *rc::gen::arbitrary<bool>());
    call_any(babbler.socket());
  });
}

}  // namespace
}  // namespace orrery::live
