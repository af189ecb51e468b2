// Stage: a real server of a FakeOperations on a port of its own, with a token of each role, and a
// client that writes bytes as they are.
#pragma once

#include <chrono>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "live/api/server.hpp"
#include "live/api/tokens.hpp"
#include "tests/api/fake_operations.hpp"

namespace orrery::live::api {

/// A folder of the test's own, gone with it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_all(const std::filesystem::path& file);
std::vector<nlohmann::json> json_lines(const std::string& text);

struct Got {
  int status = 0;  ///< 0: no HTTP came back
  std::map<std::string, std::string> headers;
  std::string body;

  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  /// A member of the body's error.
  std::string error(const char* key) const;
};
Got parse_answer(const std::string& bytes);

/// A connection that stays open until it goes.
class Client {
 public:
  explicit Client(uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// False where the other side has gone.
  bool send(std::string_view bytes);
  void shut();
  /// Everything up to the end of the connection, or of the time.
  std::string receive(std::chrono::milliseconds patience = std::chrono::seconds(20));

 private:
  int fd_;
};

class Stage : public testing::Test {
 protected:
  Stage();
  ~Stage() override;

  /// Starts the server; the members below may be changed before.
  void open();
  /// "" where no token is to be sent.
  Got ask(const std::string& method, const std::string& target, const std::string& body = "",
          const std::string& token = "");
  Got send(std::string_view bytes);
  const std::string& token(TokenRole role) const { return tokens_.at(role); }
  const std::string& user() const { return tokens_.at(TokenRole::kUser); }
  const std::string& admin() const { return tokens_.at(TokenRole::kAdmin); }
  /// The lines of the audit log that tell of requests.
  std::vector<nlohmann::json> audit() const;

  Folder folder_;
  ApiConfig config_;
  FakeOperations operations_;
  std::unique_ptr<ApiServer> server_;

 private:
  std::map<TokenRole, std::string> tokens_;
};

}  // namespace orrery::live::api
