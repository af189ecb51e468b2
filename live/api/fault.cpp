#include "live/api/fault.hpp"

#include <nlohmann/json.hpp>

#include "live/api/json.hpp"

namespace orrery::live::api {

namespace {

int status_of(const std::string& code) {
  if (code == "not-found") return 404;
  if (code == "bad-request") return 400;
  if (code == "forbidden") return 403;
  if (code == "conflict") return 409;
  return 503;
}

}  // namespace

Fault Fault::bad(const std::string& where, FaultDetails details) {
  std::string message = where + ": expected " + details.expected + ", found " + details.found;
  return {400, "bad-request", message, std::move(details)};
}

Fault Fault::of(const Refusal& refusal) {
  return {status_of(refusal.code()), refusal.code(), refusal.what()};
}

std::string Fault::body() const {
  const nlohmann::ordered_json body{{"error",
                                     {{"code", code_},
                                      {"message", what()},
                                      {"expected", details_.expected},
                                      {"found", details_.found},
                                      {"hint", details_.hint}}}};
  return text_of(body);
}

}  // namespace orrery::live::api
