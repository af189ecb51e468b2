// ApiClient: the HTTP interface of a controller, as the verbs for users and operators call it.
//
// Whatever goes wrong is thrown as what the command line makes of it: a controller that is not
// there or lets nobody in is the environment's fault (exit code 3), what it refuses is bad input
// (2) or too late (1).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace CLI {
class App;
}

namespace orrery::cli {

/// What each of those verbs takes.
struct ClientOptions {
  std::string controller;  ///< empty: ORRERY_CONTROLLER, or this machine
  std::string token_file;  ///< empty: ORRERY_TOKEN, or the file ORRERY_TOKEN_FILE
  bool json = false;
};
/// Adds --controller, --token-file and --json.
void add_client_options(CLI::App& verb, ClientOptions& options);

class ApiClient {
 public:
  /// Throws InputError when the address is none or the token file is unfit.
  explicit ApiClient(const ClientOptions& options);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  struct Reply {
    int status = 0;
    std::string body;
    std::map<std::string, std::string> headers = {};  ///< names in lower case
  };
  /// Any answer that came. Throws EnvironmentError where there is none, and Interrupted.
  Reply ask(const std::string& method, const std::string& path, const std::string& body = "");
  /// A good answer. Also throws EnvironmentError and RequestError for what the controller says.
  Reply call(const std::string& method, const std::string& path, const std::string& body = "");
  /// The JSON of a good answer.
  nlohmann::ordered_json json(const std::string& method, const std::string& path,
                              const std::string& body = "");
  const std::string& controller() const { return controller_; }

 private:
  class Curl;

  std::string controller_;
  std::string token_;
  std::unique_ptr<Curl> curl_;
};

/// The number of the job that a person means: by number, or by a name that one job has. Of several
/// with that name it is the one that has not ended. Throws InputError where that is not clear.
uint32_t find_job(ApiClient& client, const std::string& word);
/// "/v1/jobs/7", with `rest` behind it.
std::string job_path(uint32_t job, const std::string& rest = "");
/// `text` as a part of a path or a query.
std::string encoded(const std::string& text);

}  // namespace orrery::cli
