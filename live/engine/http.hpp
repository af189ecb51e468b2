// Http: HTTP/1.1 over a unix socket, with a deadline for every call.
//
// Thread-safe; a call holds its own connection, which is closed after it: a connection to a socket
// of this machine costs microseconds, and a request that went out over a stale one would be sent
// twice without our knowing. interrupt() ends every call under way and all later ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "actors/error.hpp"

namespace orrery::live {

/// A call to a container engine that did not do what it should. what() names the call, the object,
/// the HTTP status, what the engine said, and what to do.
class EngineError : public EnvironmentError {
 public:
  enum class Kind : uint8_t {
    kUnreachable,  ///< no connection, or cut before the answer was complete
    kTimeout,      ///< no answer before the deadline
    kInterrupted,  ///< this program stopped waiting
    kMissing,      ///< 404: there is no such object
    kConflict,     ///< 409: the object is in a state that forbids it, or its name is taken
    kRefused,      ///< another 4xx: repeating it changes nothing
    kBroken,       ///< 5xx: the engine tried and failed
    kGarbage,      ///< an answer that is not what the API promises
  };

  EngineError(Kind kind, int status, std::string message, const std::string& text)
      : EnvironmentError(text), kind_(kind), status_(status), message_(std::move(message)) {}

  Kind kind() const { return kind_; }
  /// The HTTP status; 0 where none was received.
  int status() const { return status_; }
  /// The engine's own words.
  const std::string& message() const { return message_; }
  /// True where the engine is away or sick as a whole, whatever it was asked. The call may have
  /// been carried out nevertheless.
  bool engine_away() const {
    return kind_ == Kind::kUnreachable || kind_ == Kind::kTimeout || kind_ == Kind::kInterrupted;
  }

 private:
  Kind kind_;
  int status_;
  std::string message_;
};

class Http {
 public:
  using Milliseconds = std::chrono::milliseconds;

  struct Request {
    std::string method = "GET";
    std::string path;          ///< with the query, already encoded: "/v1.41/info"
    std::string body;          ///< sent as JSON where it is not empty
    Milliseconds deadline{0};  ///< for the whole call; 0: none (streams)
    /// Takes the body of a good answer piece by piece; false ends the call. Where it is empty the
    /// body is kept in Answer::body.
    std::function<bool(std::string_view)> sink = {};
    /// Gives up to `size` bytes of a body that is a tar archive; 0 at its end.
    std::function<size_t(char* into, size_t size)> upload = {};
  };

  struct Answer {
    int status = 0;
    std::string body;
    std::map<std::string, std::string> headers = {};  ///< names in lower case
  };

  explicit Http(std::filesystem::path socket);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Whatever the status is, it is an answer. Throws EngineError (kUnreachable, kTimeout,
  /// kInterrupted, kGarbage) where there is none; `what` names the call for people.
  Answer call(const Request& request, const std::string& what);
  void interrupt();
  bool interrupted() const;
  const std::filesystem::path& socket() const { return socket_; }

  /// `text` as a part of a path or a query: all but letters, digits and "-._~" as %XX.
  static std::string encoded(std::string_view text);

 private:
  class Calls;

  std::filesystem::path socket_;
  std::unique_ptr<Calls> calls_;
};

}  // namespace orrery::live
