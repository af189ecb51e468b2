#include "cli/api_client.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <curl/curl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "actors/error.hpp"
#include "cli/api_text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/fields.hpp"

namespace orrery::cli {

namespace {

constexpr const char* kHere = "http://127.0.0.1:7602";
constexpr size_t kReplyBytes = size_t{256} << 20U;
constexpr long kConnectSeconds = 10;
constexpr long kCallSeconds = 120;  // an estimate may take a while

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string trimmed(std::string text) {
  constexpr const char* kBlank = " \t\r\n";
  text.erase(text.find_last_not_of(kBlank) + 1);
  text.erase(0, text.find_first_not_of(kBlank));
  return text;
}

std::string read_token(const std::string& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077U) != 0) {
    throw InputError({file, 0, 0, "a token that its owner alone can read",
                      "one that others can read, too", "chmod 600 it"});
  }
  std::string token = trimmed(read_text_file(file, 4096));
  if (token.empty()) throw InputError({file, 0, 0, "a token", "an empty file", ""});
  return token;
}

std::string find_token(const ClientOptions& options) {
  if (!options.token_file.empty()) return read_token(options.token_file);
  const std::string token = trimmed(environment("ORRERY_TOKEN"));
  if (!token.empty()) return token;
  const std::string file = environment("ORRERY_TOKEN_FILE");
  return file.empty() ? "" : read_token(file);
}

size_t on_body(char* data, size_t one, size_t size, void* into) {
  auto& body = static_cast<ApiClient::Reply*>(into)->body;
  const size_t bytes = one * size;
  if (body.size() + bytes > kReplyBytes) return 0;
  body.append(data, bytes);
  return bytes;
}

size_t on_header(char* data, size_t one, size_t size, void* into) {
  const std::string line(data, one * size);
  const size_t colon = line.find(':');
  if (colon != std::string::npos) {
    std::string name = line.substr(0, colon);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    static_cast<ApiClient::Reply*>(into)->headers[name] = trimmed(line.substr(colon + 1));
  }
  return line.size();
}

/// Ends a call when the user interrupts it.
int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return interrupt_wanted() ? 1 : 0;
}

[[noreturn]] void no_answer(const std::string& controller, CURLcode code, const char* detail) {
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Interrupted();
  const std::string place = "the controller at " + controller;
  if (code == CURLE_OPERATION_TIMEDOUT) {
    throw EnvironmentError(place + " does not answer; see whether it hangs, or try again");
  }
  const std::string why = *detail == '\0' ? curl_easy_strerror(code) : detail;
  throw EnvironmentError(place + " can't be reached (" + why +
                         "); start it, or name another with --controller or ORRERY_CONTROLLER");
}

/// The controller's own words, with what to do.
[[noreturn]] void refused(const std::string& controller, const ApiClient::Reply& reply) {
  std::string text =
      "the controller at " + controller + " answered with status " + std::to_string(reply.status);
  std::string hint;
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  const bool known = body.is_object() && body.contains("error") && body["error"].is_object();
  if (known) {
    text = plain(body["error"].value("message", text));
    hint = plain(body["error"].value("hint", ""));
  } else {
    hint = "see whether a controller of orrery listens there";
  }
  if (reply.status == 401) {
    text = "the controller at " + controller + " wants a token: " + text;
    hint = "give one with --token-file, ORRERY_TOKEN_FILE or ORRERY_TOKEN";
  }
  if (!hint.empty()) text += "; " + hint;
  if (reply.status == 409) throw RequestError(kCheckFailed, text);
  if (known && (reply.status == 400 || reply.status == 404)) throw RequestError(kBadInput, text);
  throw EnvironmentError(text);
}

}  // namespace

class ApiClient::Curl {
 public:
  Curl() : easy_(curl_easy_init()) {
    if (easy_ == nullptr) throw EnvironmentError("no memory for a connection is left");
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(easy_);
  }

  void add_header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }
  CURL* easy() const { return easy_; }
  curl_slist* headers() const { return headers_; }

 private:
  CURL* easy_;
  curl_slist* headers_ = nullptr;
};

void add_client_options(CLI::App& verb, ClientOptions& options) {
  verb.add_option("--controller", options.controller,
                  "The controller (default: ORRERY_CONTROLLER, or http://127.0.0.1:7602)")
      ->type_name("URL");
  verb.add_option("--token-file", options.token_file,
                  "The file with your token (default: ORRERY_TOKEN, or the file "
                  "ORRERY_TOKEN_FILE)")
      ->type_name("FILE");
  verb.add_flag("--json", options.json, "Print JSON");
}

ApiClient::ApiClient(const ClientOptions& options)
    : controller_(options.controller), token_(find_token(options)) {
  std::string where = "--controller";
  if (controller_.empty()) {
    controller_ = environment("ORRERY_CONTROLLER");
    where = "ORRERY_CONTROLLER";
  }
  if (controller_.empty()) controller_ = kHere;
  while (controller_.ends_with('/')) controller_.pop_back();
  if (!controller_.starts_with("http://") && !controller_.starts_with("https://")) {
    throw InputError({where, 0, 0, "an address such as http://127.0.0.1:7602",
                      in_quotes(controller_), "begin it with http:// or https://"});
  }
  size_t bad = 0;
  if (!is_clean_text(token_, bad) || token_.find_first_of(" \t\r\n") != std::string::npos) {
    throw InputError({"the token", 0, 0, "one word", "something else", ""});
  }
  watch_for_interrupt();
  curl_ = std::make_unique<Curl>();
  curl_->add_header("Expect:");
  curl_->add_header("Content-Type: application/json");
  if (!token_.empty()) curl_->add_header("Authorization: Bearer " + token_);
}

ApiClient::~ApiClient() = default;

ApiClient::Reply ApiClient::ask(const std::string& method, const std::string& path,
                                const std::string& body) {
  CURL* easy = curl_->easy();
  Reply reply;
  char detail[CURL_ERROR_SIZE] = "";
  const std::string url = controller_ + path;
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, kCallSeconds);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, curl_->headers());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &reply);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
  if (method != "GET") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  const CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) no_answer(controller_, code, detail);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

ApiClient::Reply ApiClient::call(const std::string& method, const std::string& path,
                                 const std::string& body) {
  Reply reply = ask(method, path, body);
  if (reply.status < 200 || reply.status >= 300) refused(controller_, reply);
  return reply;
}

nlohmann::ordered_json ApiClient::json(const std::string& method, const std::string& path,
                                       const std::string& body) {
  auto value = nlohmann::ordered_json::parse(call(method, path, body).body, nullptr, false);
  if (value.is_object()) return value;
  throw EnvironmentError("what listens at " + controller_ +
                         " is no controller of orrery: it answers something else than JSON");
}

uint32_t find_job(ApiClient& client, const std::string& word) {
  int64_t number = 0;
  if (parse_whole(word, number) && number >= 0 && number <= UINT32_MAX) {
    return static_cast<uint32_t>(number);
  }
  for (const char* ended : {"false", "true"}) {
    const auto found =
        client.json("GET", std::string("/v1/jobs?ended=") + ended + "&name=" + encoded(word));
    std::string numbers;
    uint32_t last = 0;
    size_t count = 0;
    for (const auto& job : list_of(found, "jobs")) {
      last = static_cast<uint32_t>(number_of(job, "id"));
      numbers += (numbers.empty() ? "" : ", ") + std::to_string(last);
      ++count;
    }
    if (count == 1) return last;
    if (count > 1) {
      throw InputError({"job " + in_quotes(word), 0, 0, "one job of that name", numbers,
                        "name it by its number"});
    }
  }
  throw InputError({"job " + in_quotes(word), 0, 0, "a job's number or name", "no such job",
                    "orrery ps -a lists the jobs"});
}

std::string job_path(uint32_t job, const std::string& rest) {
  return "/v1/jobs/" + std::to_string(job) + rest;
}

std::string encoded(const std::string& text) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool as_is = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (as_is) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace orrery::cli
