#include "live/api/tokens.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/error.hpp"
#include "live/api/json.hpp"
#include "live/drivers/fd.hpp"

namespace orrery::live::api {

namespace {

constexpr std::array<std::string_view, 4> kRoles{"read-only", "user", "operator", "admin"};
constexpr std::string_view kBegin = "orrery-";
constexpr size_t kFileBytes = size_t{4} << 20U;
constexpr const char* kLineHint =
    "a line reads: ROLE NAME SHA256, the last in 64 hex digits; orrery token makes them";

[[noreturn]] void fail_with_errno(const std::filesystem::path& file, const char* what) {
  throw EnvironmentError(file.string() + ": cannot " + what + ": " + std::strerror(errno));
}

std::string hex(const uint8_t* bytes, size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 15U];
  }
  return text;
}

bool parse_hash(std::string_view text, TokenHash& hash) {
  if (text.size() != 2 * hash.size()) return false;
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  for (size_t i = 0; i < hash.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    hash[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  for (;;) {
    const size_t from = line.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return words;
    const size_t to = std::min(line.find_first_of(kBlank, from), line.size());
    words.push_back(line.substr(from, to - from));
    line.remove_prefix(to);
  }
}

void check_private(const std::filesystem::path& file, const struct stat& about) {
  if (!S_ISREG(about.st_mode)) {
    throw InputError({file.string(), 0, 0, "a plain file", "something else", ""});
  }
  if ((about.st_mode & 077U) != 0) {
    throw InputError({file.string(), 0, 0, "a file of tokens that its owner alone can use",
                      "one that others can read or write, too", "chmod 600 it"});
  }
}

std::string read_whole(int fd, const std::filesystem::path& file) {
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno(file, "read");
    if (n == 0) return text;
    text.append(block.data(), static_cast<size_t>(n));
    if (text.size() > kFileBytes) {
      throw InputError({file.string(), 0, 0, "a file of tokens", "more than 4 MiB", ""});
    }
  }
}

void write_whole(int fd, const std::string& text, const std::filesystem::path& file) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_with_errno(file, "write");
    done += static_cast<size_t>(n);
  }
  if (::fsync(fd) != 0) fail_with_errno(file, "write");
}

void append_token(const std::filesystem::path& file, const Identity& identity,
                  const std::string& token) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) fail_with_errno(file, "write");
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) fail_with_errno(file, "read");
  check_private(file, about);
  const std::string before = read_whole(fd.get(), file);
  parse_tokens(before, file.string());
  const TokenHash hash = hash_of(token);
  std::string line = before.empty() || before.ends_with('\n') ? "" : "\n";
  if (before.empty()) line = "# orrery: tokens, a line each: ROLE NAME SHA256\n";
  line += std::string(name_of(identity.role)) + " " + identity.name + " " +
          hex(hash.data(), hash.size()) + "\n";
  write_whole(fd.get(), line, file);
}

}  // namespace

std::string_view name_of(TokenRole role) { return kRoles[static_cast<size_t>(role)]; }

std::optional<TokenRole> token_role_named(std::string_view name) {
  const auto at = std::find(kRoles.begin(), kRoles.end(), name);
  if (at == kRoles.end()) return std::nullopt;
  return static_cast<TokenRole>(at - kRoles.begin());
}

bool is_token_name(std::string_view name) {
  auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 128 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_good);
}

TokenHash hash_of(std::string_view token) {
  TokenHash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

std::vector<TokenLine> parse_tokens(std::string_view text, const std::string& where) {
  std::vector<TokenLine> lines;
  uint64_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string_view> words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (words.empty() || words.front().starts_with('#')) continue;
    auto fail = [&](const std::string& expected, const std::string& found) {
      throw InputError({where, number, 0, expected, found, kLineHint});
    };
    if (words.size() != 3) fail("three words", std::to_string(words.size()));
    const auto role = token_role_named(words[0]);
    if (!role) fail("read-only, user, operator or admin", in_quotes(words[0]));
    if (!is_token_name(words[1])) {
      fail("a name of letters, digits, \"-\", \"_\" and \".\"", in_quotes(words[1]));
    }
    TokenLine line{{*role, std::string(words[1])}, {}};
    // What stands there may be the token itself: it is not repeated.
    if (!parse_hash(words[2], line.hash)) fail("a SHA-256 in 64 hex digits", "something else");
    const bool twice = std::any_of(lines.begin(), lines.end(),
                                   [&](const TokenLine& other) { return other.hash == line.hash; });
    if (twice) fail("each token once", "one a second time");
    lines.push_back(std::move(line));
  }
  return lines;
}

Tokens::Tokens(std::filesystem::path file) : file_(std::move(file)) {
  const std::lock_guard lock(mutex_);
  read_again();
}

void Tokens::read_again() {
  const UniqueFd fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) fail_with_errno(file_, "read");
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) fail_with_errno(file_, "read");
  check_private(file_, about);
  const Version version{about.st_ino, about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec,
                        about.st_size};
  if (version_ == version) return;
  std::vector<TokenLine> lines = parse_tokens(read_whole(fd.get(), file_), file_.string());
  if (lines.empty()) throw InputError({file_.string(), 0, 0, "a token", "none", kLineHint});
  lines_ = std::move(lines);
  version_ = version;
}

std::optional<Identity> Tokens::who(std::string_view token) {
  const TokenHash hash = hash_of(token);
  const std::lock_guard lock(mutex_);
  read_again();
  std::optional<Identity> found;
  for (const TokenLine& line : lines_) {
    if (CRYPTO_memcmp(line.hash.data(), hash.data(), hash.size()) == 0) found = line.identity;
  }
  return found;
}

std::string draw_token() {
  std::array<uint8_t, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw EnvironmentError("the system gives no random numbers; no token was made");
  }
  return std::string(kBegin) + hex(bytes.data(), bytes.size());
}

void write_token(const std::filesystem::path& token_file, const std::string& token) {
  const UniqueFd fd(::open(token_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) {
    if (errno != EEXIST) fail_with_errno(token_file, "write");
    throw InputError({token_file.string(), 0, 0, "no file of that name", "one",
                      "a token is never overwritten; move it away or choose another name"});
  }
  write_whole(fd.get(), token + "\n", token_file);
}

std::string add_token(const std::filesystem::path& file, const Identity& identity) {
  const std::string token = draw_token();
  append_token(file, identity, token);
  return token;
}

bool make_first_token(const std::filesystem::path& file, const std::filesystem::path& token_file) {
  std::error_code problem;
  if (std::filesystem::exists(file, problem)) return false;
  if (std::filesystem::exists(token_file, problem)) {
    throw InputError({token_file.string(), 0, 0, "no token without " + file.string(), "one",
                      "put the tokens file back, or move this token away to get a new one"});
  }
  // The token first: a line whose token nobody has would lock everybody out.
  const std::string token = draw_token();
  write_token(token_file, token);
  append_token(file, {TokenRole::kAdmin, "admin"}, token);
  return true;
}

}  // namespace orrery::live::api
