// Router: what each request over HTTP does, without any socket: a request in, an answer out.
//
// Each route says which role it takes and whether it changes something; a change is in the audit
// log before its answer is given. No request, whatever its bytes, makes handle() throw.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "live/api/audit.hpp"
#include "live/api/fault.hpp"
#include "live/api/operations.hpp"
#include "live/api/target.hpp"
#include "live/api/tokens.hpp"

namespace orrery::live::api {

/// Largest body of a request, in bytes.
inline constexpr size_t kBodyBytes = size_t{1} << 20U;

struct Request {
  std::string method;
  std::string target;         ///< path and query, as they came
  std::string authorization;  ///< the header
  std::string body;
  std::string from;    ///< address of the client
  bool coded = false;  ///< the body is compressed
};

struct Answer {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};
Answer answer_of(const Fault& fault);

class Router {
 public:
  Router(Operations& operations, Tokens& tokens, Audit& audit)
      : operations_(operations), tokens_(tokens), audit_(audit) {}

  Answer handle(const Request& request) noexcept;

 private:
  struct Call;
  struct Route;
  static const std::vector<Route>& routes();
  static const Route& find(Call& call);

  Answer answer(const Request& request);
  Answer change(const Route& route, Call& call);
  /// Throws Fault 401 or 403; sets whose call it is.
  void admit(const Route& route, Call& call);

  Answer submit(Call& call);
  Answer list_jobs(Call& call);
  Answer show_job(Call& call);
  Answer cancel(Call& call);
  Answer explain(Call& call);
  Answer eta(Call& call);
  Answer log(Call& call);
  Answer list_nodes(Call& call);
  Answer drain(Call& call);
  Answer undrain(Call& call);
  Answer drain_or_not(Call& call, bool drained);
  Answer plan(Call& call);
  Answer metrics(Call& call);
  Answer health(Call& call);
  void count(const Request& request, int status);

  Operations& operations_;
  Tokens& tokens_;
  Audit& audit_;
  std::mutex mutex_;
  std::map<std::pair<std::string, int>, uint64_t> counts_;  // by method and status
};

}  // namespace orrery::live::api
