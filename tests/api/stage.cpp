#include "tests/api/stage.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace orrery::live::api {

Folder::Folder() {
  static int count = 0;
  path_ = std::filesystem::temp_directory_path() /
          ("orrery-api-" + std::to_string(getpid()) + "-" + std::to_string(count++));
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}
Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string read_all(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(nlohmann::json::parse(line));
  }
  return lines;
}

std::string Got::error(const char* key) const {
  const auto all = json();
  if (!all.is_object() || !all.contains("error")) return "no error in: " + body;
  return all["error"].value(key, "no such key");
}

Got parse_answer(const std::string& bytes) {
  Got got;
  const size_t end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || end == std::string::npos) return got;
  std::istringstream head(bytes.substr(9, end - 9));
  head >> got.status;
  std::string line;
  std::getline(head, line);
  while (std::getline(head, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) got.headers[line.substr(0, colon)] = line.substr(colon + 2);
  }
  got.body = bytes.substr(end + 4);
  return got;
}

Client::Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in about{};
  about.sin_family = AF_INET;
  about.sin_port = htons(port);
  about.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&about), sizeof about), 0)
      << "port " << port << ", errno " << errno;
}
Client::~Client() { ::close(fd_); }

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void Client::shut() { ::shutdown(fd_, SHUT_WR); }

std::string Client::receive(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string bytes;
  char block[4096];
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd poll{fd_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&poll, 1, static_cast<int>(left.count())) <= 0) return bytes;
    const ssize_t n = ::recv(fd_, block, sizeof block, 0);
    if (n <= 0) return bytes;
    bytes.append(block, static_cast<size_t>(n));
  }
}

Stage::Stage() {
  config_.port = 0;
  config_.tokens = folder_.path() / "tokens";
  config_.audit = folder_.path() / "audit.jsonl";
  config_.limits.threads = 4;
  for (const auto& [role, name] : std::map<TokenRole, std::string>{{TokenRole::kReadOnly, "eye"},
                                                                   {TokenRole::kUser, "ada"},
                                                                   {TokenRole::kOperator, "olga"},
                                                                   {TokenRole::kAdmin, "root"}}) {
    tokens_[role] = add_token(config_.tokens, {role, name});
  }
}
Stage::~Stage() = default;

void Stage::open() {
  server_ = std::make_unique<ApiServer>(config_, operations_);
  server_->start();
}

Got Stage::ask(const std::string& method, const std::string& target, const std::string& body,
               const std::string& token) {
  std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: test\r\n";
  if (!token.empty()) bytes += "Authorization: Bearer " + token + "\r\n";
  if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return send(bytes + "\r\n" + body);
}

Got Stage::send(std::string_view bytes) {
  Client client(server_->port());
  client.send(bytes);
  return parse_answer(client.receive());
}

std::vector<nlohmann::json> Stage::audit() const {
  std::vector<nlohmann::json> lines = json_lines(read_all(config_.audit));
  std::erase_if(lines, [](const nlohmann::json& line) { return line["what"] == "open"; });
  return lines;
}

}  // namespace orrery::live::api
