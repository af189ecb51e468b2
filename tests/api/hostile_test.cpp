// Clients that are slow, greedy or many cost the others little, and stopping is quick.
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

#include "actors/error.hpp"
#include "tests/api/stage.hpp"

namespace orrery::live::api {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class Hostile : public Stage {};

TEST_F(Hostile, ASlowClientIsCutOffAndKeepsNobodyWaiting) {
  config_.limits.threads = 2;
  config_.limits.receive = milliseconds(1000);
  open();
  Client slow(server_->port());
  slow.send("GET /healthz HTTP/1.1\r\nA: ");
  EXPECT_EQ(ask("GET", "/healthz").status, 200) << "the other thread is free";
  // A byte now and then does not help it.
  const auto start = Clock::now();
  while (slow.send("x") && Clock::now() - start < std::chrono::seconds(10)) {
    const std::string answer = slow.receive(milliseconds(50));
    if (answer.empty()) continue;
    EXPECT_EQ(parse_answer(answer).status, 408) << answer;
    return;
  }
  ADD_FAILURE() << "the slow client was never cut off";
}

TEST_F(Hostile, ABodyThatDoesNotComeIsNotWaitedFor) {
  config_.limits.receive = milliseconds(800);
  open();
  Client client(server_->port());
  client.send("POST /v1/jobs HTTP/1.1\r\nAuthorization: Bearer " + user() +
              "\r\nContent-Length: 100\r\n\r\n{");
  const Got got = parse_answer(client.receive());
  EXPECT_TRUE(got.status == 400 || got.status == 408) << got.status;
  EXPECT_TRUE(operations_.requests().empty());
}

TEST_F(Hostile, SilentConnectionsHoldUpOthersForTheirTimeAlone) {
  config_.limits.threads = 2;
  config_.limits.receive = milliseconds(800);
  open();
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<Client>(server_->port()));
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(Hostile, TooManyAreTold503AtOnce) {
  config_.limits.threads = 1;
  config_.limits.waiting = 1;
  open();
  std::vector<std::unique_ptr<Client>> silent;
  bool told = false;
  // One is being read, one waits; some more may still be in the kernel's queue.
  for (int i = 0; i < 20 && !told; ++i) {
    silent.push_back(std::make_unique<Client>(server_->port()));
    const std::string answer = silent.back()->receive(milliseconds(200));
    told = parse_answer(answer).error("code") == "unavailable";
  }
  EXPECT_TRUE(told);
}

TEST_F(Hostile, StoppingWaitsForNoSlowClient) {
  open();
  Client slow(server_->port());
  slow.send("GET /healthz HTTP/1.1\r\n");
  const auto start = Clock::now();
  server_->stop();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
  server_->stop();
}

TEST_F(Hostile, AnAddressThatOthersReachMustBeAskedFor) {
  config_.address = "0.0.0.0";
  EXPECT_THROW(ApiServer(config_, operations_), InputError);
  config_.address = "example.org";
  EXPECT_THROW(ApiServer(config_, operations_), InputError);
  config_.address = "0.0.0.0";
  config_.beyond_loopback = true;
  open();
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(Hostile, APortThatIsTakenIsSaid) {
  open();
  ApiConfig second = config_;
  second.port = server_->port();
  try {
    const ApiServer other(second, operations_);
    ADD_FAILURE() << "two servers at one port";
  } catch (const EnvironmentError& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("port " + std::to_string(second.port)), std::string::npos) << text;
    EXPECT_NE(text.find("another controller"), std::string::npos) << text;
  }
}

TEST_F(Hostile, ABugInAnOperationIsA500AndNoMore) {
  open();
  operations_.on_submit = [] { throw std::logic_error("broken"); };
  const Got got = ask("POST", "/v1/jobs", R"({"command": ["true"]})", user());
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.error("message"), "a bug in orrery: broken");
  EXPECT_EQ(ask("GET", "/v1/jobs", "", user()).status, 200);
}

}  // namespace
}  // namespace orrery::live::api
