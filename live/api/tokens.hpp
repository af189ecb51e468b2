// Tokens: who may use the HTTP interface, and as what.
//
// A person shows a token, "Authorization: Bearer orrery-...". The tokens file holds a line for
// each:
//
//   ROLE NAME HASH        operator ada
//   5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8
//
// HASH is the SHA-256 of the token in hex, so whoever reads the file cannot act as anybody. Tokens
// are drawn at random with 256 bits; that is why a plain hash is enough. A name may have several
// tokens. Empty lines and those that begin with "#" are passed over. The file is read again when
// it has changed, so a token is revoked by taking its line away.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::live::api {

/// Each may do what those before it may.
enum class TokenRole : uint8_t {
  kReadOnly,  ///< looks
  kUser,      ///< submits; cancels its own jobs
  kOperator,  ///< cancels and reads what others own; drains nodes
  kAdmin,
};

/// "read-only", "user", "operator", "admin".
std::string_view name_of(TokenRole role);
std::optional<TokenRole> token_role_named(std::string_view name);
/// Letters, digits, "-", "_" and ".", 1 to 128 of them, not starting with ".".
bool is_token_name(std::string_view name);

using TokenHash = std::array<uint8_t, 32>;
TokenHash hash_of(std::string_view token);

struct Identity {
  TokenRole role = TokenRole::kReadOnly;
  std::string name;
};

struct TokenLine {
  Identity identity;
  TokenHash hash{};
};

/// Throws InputError with line. `where` is the name of the file in errors.
std::vector<TokenLine> parse_tokens(std::string_view text, const std::string& where);

class Tokens {
 public:
  /// Throws InputError when the file is none, when others than its owner may read or write it, or
  /// when it holds no token; EnvironmentError when it can't be read.
  explicit Tokens(std::filesystem::path file);

  /// Whose token it is; takes equally long for each, right or wrong. Throws as the constructor
  /// does when the file has changed and is none any more: nobody gets in then.
  std::optional<Identity> who(std::string_view token);

 private:
  struct Version {
    uint64_t inode = 0;
    int64_t changed_ns = 0;
    int64_t size = 0;
    bool operator==(const Version&) const = default;
  };

  void read_again();

  std::filesystem::path file_;
  std::mutex mutex_;
  std::optional<Version> version_;
  std::vector<TokenLine> lines_;
};

/// A new token, as text. It is kept nowhere but where the caller writes it.
std::string draw_token();
/// Draws a token and appends its line to `file`, which is made (mode 0600) where there is none.
/// Throws InputError, EnvironmentError.
std::string add_token(const std::filesystem::path& file, const Identity& identity);
/// Where there is no tokens file yet: makes it with one token, of an admin called "admin", and
/// writes the token itself to `token_file` (mode 0600). True when it did.
bool make_first_token(const std::filesystem::path& file, const std::filesystem::path& token_file);
/// Writes a token to a new file of mode 0600. Throws InputError when there is one of that name.
void write_token(const std::filesystem::path& token_file, const std::string& token);

}  // namespace orrery::live::api
