#include "live/engine/http.hpp"

#include <atomic>
#include <curl/curl.h>
#include <mutex>
#include <set>

namespace orrery::live {
namespace {

/// More than any answer of an engine; what is longer is no answer.
constexpr size_t kBodyBytes = 64U << 20U;

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What curl's callbacks see of a call.
struct Flow {
  CURL* easy = nullptr;
  const Http::Request* request = nullptr;
  Http::Answer* answer = nullptr;
  bool too_long = false;
  bool ended_by_sink = false;
};

bool good(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

size_t on_body(char* data, size_t one, size_t size, void* into) {
  Flow& flow = *static_cast<Flow*>(into);
  const size_t bytes = one * size;
  if (flow.request->sink && good(flow.easy)) {
    if (flow.request->sink({data, bytes})) return bytes;
    flow.ended_by_sink = true;
    return 0;
  }
  if (flow.answer->body.size() + bytes > kBodyBytes) {
    flow.too_long = true;
    return 0;
  }
  flow.answer->body.append(data, bytes);
  return bytes;
}

size_t on_header(char* data, size_t one, size_t size, void* into) {
  constexpr size_t kHeaders = 100;
  const std::string_view line(data, one * size);
  const size_t colon = line.find(": ");
  auto& headers = static_cast<Flow*>(into)->answer->headers;
  if (colon == std::string_view::npos || headers.size() >= kHeaders) return line.size();
  std::string name(line.substr(0, colon));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const size_t end = line.find_last_not_of("\r\n");
  headers[name] = end > colon + 1 ? line.substr(colon + 2, end - colon - 1) : "";
  return line.size();
}

size_t on_upload(char* into, size_t one, size_t size, void* from) {
  return static_cast<Flow*>(from)->request->upload(into, one * size);
}

using Headers = std::unique_ptr<curl_slist, ListDeleter>;

Headers headers_of(const Http::Request& request) {
  Headers headers(curl_slist_append(nullptr, "Expect:"));
  // Appending to a list that is not empty gives the same head.
  curl_slist_append(headers.get(), request.upload ? "Content-Type: application/x-tar"
                                                  : "Content-Type: application/json");
  if (request.upload) curl_slist_append(headers.get(), "Transfer-Encoding: chunked");
  return headers;
}

/// Sets all but the addresses and the headers.
void prepare(CURL* easy, Flow& flow) {
  const Http::Request& request = *flow.request;
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &flow);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &flow);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  if (request.method == "GET") return;
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.upload) {
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(easy, CURLOPT_READDATA, &flow);
  } else {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
}

EngineError no_answer(const Http::Request& request, const std::string& what,
                      const std::filesystem::path& socket, CURLcode code) {
  const std::string place = what + ": the container engine at " + socket.string();
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {EngineError::Kind::kTimeout, 0, "",
            place + " did not answer within " + std::to_string(request.deadline.count()) +
                " ms; see whether it is overloaded or hangs"};
  }
  const std::string why = curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT) {
    return {EngineError::Kind::kUnreachable, 0, "",
            place +
                " can't be reached (no such socket, nobody listens, or no permission); start "
                "the engine, name its socket, or run as a user who may open it"};
  }
  if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
      code == CURLE_BAD_CONTENT_ENCODING || code == CURLE_WRITE_ERROR) {
    return {EngineError::Kind::kGarbage, 0, "",
            place + " answered something that is no HTTP or too long (" + why +
                "); see what listens there"};
  }
  return {EngineError::Kind::kUnreachable, 0, "",
          place + " broke the connection (" + why + "); see whether it was restarted"};
}

}  // namespace

/// The calls under way, so that interrupt() finds them.
class Http::Calls {
 public:
  /// False after interrupt(): the call is not to start.
  bool add(CURLM* multi) {
    const std::lock_guard lock(mutex_);
    if (interrupted_) return false;
    running_.insert(multi);
    return true;
  }
  void remove(CURLM* multi) {
    const std::lock_guard lock(mutex_);
    running_.erase(multi);
  }
  void interrupt() {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    for (CURLM* multi : running_) curl_multi_wakeup(multi);
  }
  bool interrupted() const { return interrupted_; }

 private:
  std::mutex mutex_;
  std::set<CURLM*> running_;
  std::atomic<bool> interrupted_ = false;
};

Http::Http(std::filesystem::path socket)
    : socket_(std::move(socket)), calls_(std::make_unique<Calls>()) {
  start_curl_once();
}

Http::~Http() = default;

void Http::interrupt() { calls_->interrupt(); }

bool Http::interrupted() const { return calls_->interrupted(); }

Http::Answer Http::call(const Request& request, const std::string& what) {
  const std::unique_ptr<CURLM, MultiDeleter> multi(curl_multi_init());
  const std::unique_ptr<CURL, EasyDeleter> owner(curl_easy_init());
  CURL* easy = owner.get();
  if (!multi || easy == nullptr) {
    throw EngineError(EngineError::Kind::kUnreachable, 0, "",
                      what + ": no memory or no file descriptor is left; raise the limit");
  }
  Answer answer;
  Flow flow{easy, &request, &answer};
  const Headers headers = headers_of(request);
  const std::string url = "http://localhost" + request.path;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  prepare(easy, flow);

  if (!calls_->add(multi.get())) {
    throw EngineError(EngineError::Kind::kInterrupted, 0, "", what + ": interrupted");
  }
  curl_multi_add_handle(multi.get(), easy);
  int running = 1;
  while (running > 0 && !interrupted()) {
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) break;
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr);
  }
  calls_->remove(multi.get());
  CURLcode code = CURLE_RECV_ERROR;
  int left = 0;
  const CURLMsg* message = running > 0 ? nullptr : curl_multi_info_read(multi.get(), &left);
  if (message != nullptr) code = message->data.result;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi.get(), easy);
  answer.status = static_cast<int>(status);
  if (flow.ended_by_sink) return answer;
  if (interrupted() && code != CURLE_OK) {
    throw EngineError(EngineError::Kind::kInterrupted, 0, "", what + ": interrupted");
  }
  if (code != CURLE_OK) throw no_answer(request, what, socket_, code);
  return answer;
}

std::string Http::encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
    } else {
      result += '%';
      result += kHex[byte >> 4U];
      result += kHex[byte & 15U];
    }
  }
  return result;
}

}  // namespace orrery::live
