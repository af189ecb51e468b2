#include "live/wire/keys.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <zmq.h>

#include "actors/error.hpp"

namespace orrery::live {

namespace {

constexpr std::array<std::string_view, 5> kRoles{"agent", "user", "operator", "admin",
                                                 "controller"};
constexpr size_t kKeyText = 40;
constexpr size_t kMostFileBytes = 16 * 1024 * 1024;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

[[noreturn]] void fail_with_errno(const std::filesystem::path& file, const char* what) {
  throw EnvironmentError(file.string() + ": cannot " + what + ": " + std::strerror(errno));
}

/// A file descriptor that is closed when it goes.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Makes a file that must not be there yet.
void write_new(const std::filesystem::path& path, mode_t mode, const std::string& text) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.fd() < 0) {
    if (errno != EEXIST) fail_with_errno(path, "write");
    throw InputError({path.string(), 0, 0, "no file of that name", "one",
                      "a key is never overwritten; move it away or choose another name"});
  }
  size_t done = 0;
  while (done < text.size()) {
    ssize_t n = ::write(file.fd(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_with_errno(path, "write");
    done += static_cast<size_t>(n);
  }
  if (::fsync(file.fd()) != 0) fail_with_errno(path, "write");
}

std::string read_whole(const std::filesystem::path& path, bool secret) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) fail_with_errno(path, "read");
  struct stat about {};
  if (::fstat(file.fd(), &about) != 0) fail_with_errno(path, "read");
  if (secret && (about.st_mode & 077U) != 0) {
    throw InputError({path.string(), 0, 0, "a secret key that its owner alone can read",
                      "one that others can read, too", "chmod 600 it"});
  }
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    ssize_t n = ::read(file.fd(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with_errno(path, "read");
    if (n == 0) return text;
    text.append(block.data(), static_cast<size_t>(n));
    if (text.size() > kMostFileBytes) {
      throw InputError({path.string(), 0, 0, "a list of keys", "more than 16 MiB", ""});
    }
  }
}

struct Line {
  uint64_t number = 0;
  std::vector<std::string_view> words;
};

/// The lines that say something, in words.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  uint64_t number = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Line line{++number, {}};
    constexpr std::string_view kBlank = " \t\r";
    while (!rest.empty()) {
      size_t from = std::min(rest.find_first_not_of(kBlank), rest.size());
      size_t to = std::min(rest.find_first_of(kBlank, from), rest.size());
      if (to > from) line.words.push_back(rest.substr(from, to - from));
      rest.remove_prefix(to);
    }
    if (!line.words.empty() && !line.words.front().starts_with('#')) lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::string_view name_of(Role role) { return kRoles[static_cast<size_t>(role)]; }

std::optional<Role> role_named(std::string_view name) {
  for (size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

KeyPair generate_keys() {
  std::array<char, kKeyText + 1> public_key{};
  std::array<char, kKeyText + 1> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    throw EnvironmentError("libzmq was built without CURVE; install one that has it");
  }
  return {public_key.data(), secret_key.data()};
}

std::string public_key_of(const std::string& secret_key) {
  std::array<char, kKeyText + 1> public_key{};
  if (zmq_curve_public(public_key.data(), secret_key.c_str()) != 0) {
    throw EnvironmentError("libzmq was built without CURVE; install one that has it");
  }
  return public_key.data();
}

bool is_key(std::string_view text) {
  if (text.size() != kKeyText) return false;
  std::array<uint8_t, 32> raw{};
  return zmq_z85_decode(raw.data(), std::string(text).c_str()) != nullptr;
}

bool is_key_name(std::string_view name) {
  auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 128 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_good);
}

KeyFiles write_keys(const std::filesystem::path& folder, const std::string& name, Role role,
                    const KeyPair& keys) {
  KeyFiles files{folder / (name + ".secret"), folder / (name + ".public")};
  if (std::filesystem::exists(files.public_)) {
    throw InputError({files.public_.string(), 0, 0, "no file of that name", "one",
                      "a key is never overwritten; move it away or choose another name"});
  }
  std::string role_name(name_of(role));
  write_new(files.secret, 0600,
            "# orrery: the secret key of " + role_name + " " + name +
                "; whoever reads it can speak in its name\npublic " + keys.public_key +
                "\nsecret " + keys.secret_key + "\n");
  write_new(files.public_, 0644,
            "# orrery: the public key of " + role_name + " " + name + "\n" + role_name + " " +
                name + " " + keys.public_key + "\n");
  return files;
}

KeyPair read_secret(const std::filesystem::path& file) {
  KeyPair keys;
  const std::string text = read_whole(file, true);
  for (const Line& line : lines_of(text)) {
    bool known = line.words.size() == 2 && (line.words[0] == "public" || line.words[0] == "secret");
    if (!known || !is_key(line.words[1])) {
      // What stands there may be a secret: it is not repeated.
      throw InputError({file.string(), line.number, 0,
                        "\"public\" or \"secret\" and a key of 40 characters", "another line",
                        "orrery keygen makes such files"});
    }
    (line.words[0] == "public" ? keys.public_key : keys.secret_key) = line.words[1];
  }
  if (keys.secret_key.empty()) {
    throw InputError({file.string(), 0, 0, "a line \"secret KEY\"", "none",
                      "orrery keygen makes such files; the other peer's key is in NAME.public"});
  }
  std::string fitting = public_key_of(keys.secret_key);
  if (!keys.public_key.empty() && keys.public_key != fitting) {
    throw InputError({file.string(), 0, 0, "the public key that belongs to the secret one",
                      "another", "make a new pair with orrery keygen"});
  }
  keys.public_key = fitting;
  return keys;
}

std::vector<Authorised> parse_authorised(std::string_view text, const std::string& where) {
  std::vector<Authorised> all;
  std::set<std::string> keys;
  std::set<std::pair<Role, std::string>> names;
  for (const Line& line : lines_of(text)) {
    auto fail = [&](const std::string& expected, const std::string& found) {
      throw InputError({where, line.number, 0, expected, found,
                        "a line reads: ROLE NAME KEY, as in the NAME.public of orrery keygen"});
    };
    if (line.words.size() != 3) {
      fail("three words", std::to_string(line.words.size()));
    }
    auto role = role_named(line.words[0]);
    if (!role) fail("agent, user, operator, admin or controller", quoted(line.words[0]));
    if (!is_key_name(line.words[1])) {
      fail("a name of letters, digits, \"-\", \"_\" and \".\"", quoted(line.words[1]));
    }
    if (!is_key(line.words[2])) fail("a key of 40 characters in Z85", quoted(line.words[2]));
    Authorised one{*role, std::string(line.words[1]), std::string(line.words[2])};
    if (!keys.insert(one.public_key).second) fail("each key once", "one a second time");
    if (one.role == Role::kAgent && !names.insert({one.role, one.name}).second) {
      fail("one key a node", "a second one for " + one.name);
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<Authorised> read_authorised(const std::filesystem::path& file) {
  return parse_authorised(read_whole(file, false), file.string());
}

std::string read_controller_key(const std::filesystem::path& file) {
  std::vector<Authorised> all = read_authorised(file);
  if (all.size() != 1 || all.front().role != Role::kController) {
    throw InputError({file.string(), 0, 0, "the public key of one controller",
                      all.empty() ? "none" : "a key of another role, or several",
                      "copy controller.public from where orrery keygen made it"});
  }
  return all.front().public_key;
}

}  // namespace orrery::live
