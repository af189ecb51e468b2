#include "live/api/router.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "live/api/exposition.hpp"
#include "live/api/json.hpp"

namespace orrery::live::api {

using nlohmann::ordered_json;

/// A request on its way.
struct Router::Call {
  const Request& request;
  Target target;
  Identity who;
  Caller caller;
  AuditLine line;

  /// A segment of the path that stands for a name.
  const std::string& segment(size_t at) const { return target.segments[at]; }

  uint32_t job() const {
    uint64_t number = 0;
    if (!parse_number(segment(2), 0, UINT32_MAX, number)) {
      throw Fault(404, "not-found", "job: expected a job's number, found " + in_quotes(segment(2)),
                  {"a job's number", in_quotes(segment(2)), "GET /v1/jobs lists them"});
    }
    return static_cast<uint32_t>(number);
  }
};

struct Router::Route {
  const char* method;
  std::vector<const char*> path;  ///< "*" stands for any segment
  TokenRole role;
  const char* change;  ///< its name in the audit log; null where nothing changes
  Answer (Router::*run)(Call&);
};

const std::vector<Router::Route>& Router::routes() {
  using enum TokenRole;
  static const std::vector<Route> kRoutes{
      {"POST", {"v1", "jobs"}, kUser, "submit", &Router::submit},
      {"GET", {"v1", "jobs"}, kReadOnly, nullptr, &Router::list_jobs},
      {"GET", {"v1", "jobs", "*"}, kReadOnly, nullptr, &Router::show_job},
      {"DELETE", {"v1", "jobs", "*"}, kUser, "cancel", &Router::cancel},
      {"GET", {"v1", "jobs", "*", "explain"}, kReadOnly, nullptr, &Router::explain},
      {"GET", {"v1", "jobs", "*", "eta"}, kReadOnly, nullptr, &Router::eta},
      {"GET", {"v1", "jobs", "*", "log"}, kReadOnly, nullptr, &Router::log},
      {"GET", {"v1", "nodes"}, kReadOnly, nullptr, &Router::list_nodes},
      {"POST", {"v1", "nodes", "*", "drain"}, kOperator, "drain", &Router::drain},
      {"POST", {"v1", "nodes", "*", "undrain"}, kOperator, "undrain", &Router::undrain},
      {"GET", {"v1", "plan"}, kReadOnly, nullptr, &Router::plan},
      {"GET", {"metrics"}, kReadOnly, nullptr, &Router::metrics},
      {"GET", {"healthz"}, kReadOnly, nullptr, &Router::health},
  };
  return kRoutes;
}

namespace {

bool matches(const std::vector<const char*>& path, const std::vector<std::string>& segments) {
  return std::equal(path.begin(), path.end(), segments.begin(), segments.end(),
                    [](std::string_view wanted, const std::string& segment) {
                      return wanted == "*" ? !segment.empty() : wanted == segment;
                    });
}

/// Each parameter once, and none that nobody knows.
std::map<std::string, std::string> queries_of(const Target& target,
                                              const std::vector<const char*>& known) {
  std::map<std::string, std::string> all;
  for (const auto& [key, value] : target.queries) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      std::string names;
      for (const char* name : known) names += (names.empty() ? "" : ", ") + std::string(name);
      throw Fault::bad("the query", {"known parameters", in_quotes(key),
                                     names.empty() ? "leave it out" : "known are: " + names});
    }
    if (!all.emplace(key, value).second) {
      throw Fault::bad("the query", {"each parameter once", in_quotes(key) + " twice", ""});
    }
  }
  return all;
}

uint64_t number_in(const std::map<std::string, std::string>& queries, const char* key,
                   uint64_t otherwise, uint64_t low, uint64_t high) {
  const auto at = queries.find(key);
  if (at == queries.end()) return otherwise;
  uint64_t number = 0;
  if (!parse_number(at->second, low, high, number)) {
    throw Fault::bad(key,
                     {"a whole number from " + std::to_string(low) + " to " + std::to_string(high),
                      in_quotes(at->second), ""});
  }
  return number;
}

bool flag_in(const std::map<std::string, std::string>& queries, const char* key) {
  const auto at = queries.find(key);
  if (at == queries.end() || at->second == "false") return false;
  if (at->second == "true") return true;
  throw Fault::bad(key, {"true or false", in_quotes(at->second), ""});
}

std::string text_in(const std::map<std::string, std::string>& queries, const char* key) {
  const auto at = queries.find(key);
  return at == queries.end() ? "" : at->second;
}

Answer json_answer(const ordered_json& body, int status = 200) { return {status, text_of(body)}; }

std::string token_in(const std::string& authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view text = authorization;
  if (text.size() <= kScheme.size()) return "";
  const bool bearer = std::equal(kScheme.begin(), kScheme.end(), text.begin(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
  });
  return bearer ? std::string(text.substr(kScheme.size())) : "";
}

}  // namespace

Answer answer_of(const Fault& fault) {
  Answer answer{fault.status(), fault.body()};
  if (fault.status() == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (fault.status() == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

const Router::Route& Router::find(Call& call) {
  const Route* other = nullptr;
  const std::string method = call.request.method == "HEAD" ? "GET" : call.request.method;
  for (const Route& route : routes()) {
    if (!matches(route.path, call.target.segments)) continue;
    if (route.method == method) return route;
    other = &route;
  }
  if (other == nullptr) {
    throw Fault(404, "not-found", "there is nothing at this path",
                {"a path of the interface", in_quotes(call.request.target),
                 "docs/http-api.md lists the paths"});
  }
  throw Fault(405, "bad-request", "this path takes another method",
              {other->method, in_quotes(method), "docs/http-api.md lists the methods"});
}

void Router::admit(const Route& route, Call& call) {
  const std::string token = token_in(call.request.authorization);
  std::optional<Identity> who;
  if (!token.empty()) {
    try {
      who = tokens_.who(token);
    } catch (const std::exception&) {
      throw Fault(503, "unavailable",
                  "the controller cannot use its file of tokens, so nobody gets in",
                  {"", "", "see what is wrong with that file, where the controller runs"});
    }
  }
  if (!who) {
    throw Fault(401, "unauthorized", token.empty() ? "no token" : "an unknown token",
                {"Authorization: Bearer TOKEN", token.empty() ? "none" : "another token",
                 "ask an administrator of the controller for a token"});
  }
  call.who = *who;
  call.caller = {who->name, who->role >= TokenRole::kOperator};
  call.line.who = who->name;
  call.line.role = name_of(who->role);
  if (who->role < route.role) {
    throw Fault(403, "forbidden",
                "the token of " + who->name + " may not do this: its role is " + call.line.role,
                {"the role " + std::string(name_of(route.role)) + " or a higher one",
                 call.line.role, "ask somebody who has one"});
  }
}

Answer Router::handle(const Request& request) noexcept {
  Answer result;
  try {
    result = answer(request);
  } catch (const Fault& fault) {
    result = answer_of(fault);
  } catch (const Refusal& refusal) {
    result = answer_of(Fault::of(refusal));
  } catch (const std::exception& e) {
    result = answer_of(Fault(500, "internal", std::string("a bug in orrery: ") + e.what()));
  } catch (...) {
    result = answer_of(Fault(500, "internal", "a bug in orrery"));
  }
  count(request, result.status);
  return result;
}

Answer Router::answer(const Request& request) {
  Call call{request, {}, {}, {}, {}};
  std::optional<Target> target = target_of(request.target);
  if (!target) {
    throw Fault::bad("the path", {"a path such as /v1/jobs, \"%\" written as %25",
                                  in_quotes(request.target), ""});
  }
  call.target = std::move(*target);
  const Route& route = find(call);
  if (route.change != nullptr) return change(route, call);
  if (route.run != &Router::health) admit(route, call);
  return (this->*route.run)(call);
}

Answer Router::change(const Route& route, Call& call) {
  call.line.what = route.change;
  call.line.from = call.request.from;
  if (call.target.segments.size() > 2) call.line.object = call.segment(2);
  try {
    audit_.prepare();
  } catch (const EnvironmentError& e) {
    throw Fault(503, "unavailable", e.what());
  }
  Answer result;
  try {
    admit(route, call);
    if (call.request.coded) {
      throw Fault::bad("Content-Encoding", {"none", "one", "send the body as it is"});
    }
    if (call.request.body.size() > kBodyBytes) {
      throw Fault::bad("the body", {"at most 1 MiB", "more", "put large data into files"});
    }
    result = (this->*route.run)(call);
  } catch (const Fault& fault) {
    call.line.refusal = fault.what();
    result = answer_of(fault);
  } catch (const Refusal& refusal) {
    call.line.refusal = refusal.what();
    result = answer_of(Fault::of(refusal));
  } catch (const std::exception& e) {
    call.line.refusal = std::string("a bug in orrery: ") + e.what();
    result = answer_of(Fault(500, "internal", call.line.refusal));
  }
  call.line.status = result.status;
  try {
    audit_.write(call.line);
  } catch (const EnvironmentError& e) {
    const char* done = call.line.refusal.empty() ? "it was carried out, but " : "";
    throw Fault(503, "unavailable", done + std::string(e.what()));
  }
  return result;
}

Answer Router::submit(Call& call) {
  queries_of(call.target, {});
  const JobRow job = operations_.submit(job_request_of(call.request.body), call.caller);
  call.line.object = std::to_string(job.id);
  Answer answer = json_answer(json_of(job), 201);
  answer.headers.emplace_back("Location", "/v1/jobs/" + std::to_string(job.id));
  return answer;
}

Answer Router::list_jobs(Call& call) {
  const auto queries = queries_of(call.target, {"ended", "user", "state", "name", "most"});
  JobFilter filter;
  filter.ended = flag_in(queries, "ended");
  filter.user = text_in(queries, "user");
  filter.state = text_in(queries, "state");
  filter.name = text_in(queries, "name");
  filter.most = static_cast<uint32_t>(number_in(queries, "most", filter.most, 1, 100'000));
  ordered_json list = ordered_json::array();
  for (const JobRow& job : operations_.jobs(filter)) {
    if (filter.name.empty() || job.name == filter.name) list.push_back(json_of(job));
  }
  return json_answer({{"jobs", std::move(list)}});
}

Answer Router::show_job(Call& call) {
  queries_of(call.target, {});
  return json_answer(json_of(operations_.job(call.job())));
}

Answer Router::cancel(Call& call) {
  queries_of(call.target, {});
  const uint32_t number = call.job();
  const JobRow job = operations_.job(number);
  if (!call.caller.may_act_for_others && job.user != call.caller.name) {
    throw Fault(403, "forbidden", "job " + std::to_string(number) + " belongs to " + job.user,
                {"a job of " + call.caller.name, "one of " + job.user,
                 "ask its owner or an operator to cancel it"});
  }
  return json_answer(json_of(operations_.cancel(number, call.caller)));
}

Answer Router::explain(Call& call) {
  queries_of(call.target, {});
  return json_answer(json_of(operations_.explain(call.job())));
}

Answer Router::eta(Call& call) {
  queries_of(call.target, {});
  return json_answer(json_of(operations_.estimate(call.job())));
}

Answer Router::log(Call& call) {
  constexpr uint32_t kPiece = 256 * 1024;      // bytes
  constexpr uint32_t kMost = 4 * 1024 * 1024;  // bytes
  const auto queries = queries_of(call.target, {"attempt", "part", "from", "most"});
  const uint32_t number = call.job();
  const JobRow job = operations_.job(number);
  if (!call.caller.may_act_for_others && job.user != call.caller.name) {
    throw Fault(403, "forbidden", "job " + std::to_string(number) + " belongs to " + job.user,
                {"a job of " + call.caller.name, "one of " + job.user,
                 "ask its owner or an operator for its output"});
  }
  if (job.attempts == 0) {
    throw Fault(409, "conflict",
                "job " + std::to_string(number) + " has no output yet: it is " + job.state,
                {"a job that has started", "one that has not", "ask again later"});
  }
  const uint64_t attempt = number_in(queries, "attempt", job.attempts, 1, job.attempts);
  const uint64_t part = number_in(queries, "part", 0, 0, UINT32_MAX);
  const uint64_t from = number_in(queries, "from", 0, 0, INT64_MAX);
  const uint64_t most = number_in(queries, "most", kPiece, 1, kMost);
  LogPiece piece =
      operations_.log(number, static_cast<uint32_t>(attempt), static_cast<uint32_t>(part), from,
                      static_cast<uint32_t>(most), call.caller);
  return {200,
          std::move(piece.bytes),
          "application/octet-stream",
          {{"Orrery-Log-Next", std::to_string(piece.next)},
           {"Orrery-Log-Ended", piece.ended ? "true" : "false"}}};
}

Answer Router::list_nodes(Call& call) {
  queries_of(call.target, {});
  ordered_json list = ordered_json::array();
  for (const NodeRow& node : operations_.nodes()) list.push_back(json_of(node));
  return json_answer({{"nodes", std::move(list)}});
}

Answer Router::drain(Call& call) { return drain_or_not(call, true); }
Answer Router::undrain(Call& call) { return drain_or_not(call, false); }

Answer Router::drain_or_not(Call& call, bool drained) {
  queries_of(call.target, {});
  call.line.reason = drain_reason_of(call.request.body, drained);
  return json_answer(
      json_of(operations_.drain(call.segment(2), drained, call.line.reason, call.caller)));
}

Answer Router::plan(Call& call) {
  queries_of(call.target, {});
  ordered_json list = ordered_json::array();
  for (const PlannedStep& step : operations_.plan()) list.push_back(json_of(step));
  return json_answer({{"steps", std::move(list)}});
}

Answer Router::metrics(Call& /*call*/) {
  std::vector<Metric> all = operations_.metrics();
  Metric requests{"orrery_http_requests_total",
                  "Requests over HTTP that were answered.",
                  Metric::Kind::kCounter,
                  {}};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, number] : counts_) {
      requests.samples.push_back({{{"method", key.first}, {"status", std::to_string(key.second)}},
                                  static_cast<double>(number)});
    }
  }
  all.push_back(std::move(requests));
  return {200, exposition(all), kExpositionType, {}};
}

Answer Router::health(Call& /*call*/) {
  const Health health = operations_.health();
  return json_answer(json_of(health), health.ok ? 200 : 503);
}

void Router::count(const Request& request, int status) {
  // Few names, whatever clients call their methods.
  const auto& all = routes();
  const bool known = std::any_of(
      all.begin(), all.end(), [&](const Route& route) { return route.method == request.method; });
  const std::lock_guard lock(mutex_);
  ++counts_[{known ? request.method : "other", status}];
}

}  // namespace orrery::live::api
