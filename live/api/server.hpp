// ApiServer: an Operations over HTTP, as JSON; docs/http-api.md is the page for its users.
//
// Threads of its own answer requests, one a connection, which is closed afterwards: a client that
// keeps a connection open keeps nobody else waiting. What a client may cost is bounded: the time
// to send a request and to take the answer, the size of head and body, and the connections that
// wait. There is no TLS here; beyond this machine a proxy that speaks it belongs before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "live/api/operations.hpp"

namespace orrery::live {

struct ApiLimits {
  std::chrono::milliseconds receive{10'000};  ///< for a whole request to arrive
  std::chrono::milliseconds send{30'000};     ///< for a whole answer to be taken
  uint32_t threads = 16;                      ///< requests at a time
  uint32_t waiting = 128;                     ///< connections beyond those; more are told 503
};

struct ApiConfig {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6, no name
  uint16_t port = 7602;               ///< 0: any that is free
  /// Without this an address that others can reach is refused: tokens would travel in the clear.
  bool beyond_loopback = false;
  std::filesystem::path tokens;  ///< see tokens.hpp
  /// Where the first admin's token is written when there is no tokens file yet. Empty: the file
  /// must be there.
  std::filesystem::path first_token;
  std::filesystem::path audit;  ///< appended to, see audit.hpp
  ApiLimits limits;
};

class ApiServer {
 public:
  /// Makes or reads the files and binds the address; nobody is answered yet. Throws InputError and
  /// EnvironmentError. `operations` must live until stop().
  ApiServer(const ApiConfig& config, Operations& operations);
  /// Stops.
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  void start();
  /// Answers what is being carried out and drops who is still sending. Returns when all threads
  /// have ended; may be called again.
  void stop();
  uint16_t port() const;
  /// "http://127.0.0.1:7602".
  std::string url() const;
  /// True if this start made the first admin's token.
  bool made_first_token() const;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace orrery::live
