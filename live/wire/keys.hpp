// Keys: who may speak on the wire, as CURVE key pairs in files that people can read and copy.
//
// `orrery keygen` makes a pair in two files:
//
//   node-3.secret   mode 0600, for the holder alone     node-3.public   to be given to others
//     # ...                                               # ...
//     public <key>                                        agent node-3 <key>
//     secret <key>
//
// Keys are in Z85 (ZeroMQ RFC 32): 40 printable characters without blanks or quotes. The line of a
// public file is a line of a list of authorised peers, so such a list is made with `cat`, as
// authorized_keys of ssh is. Not YAML, because Z85 is full of the characters that mean something
// there. Lines that start with "#" and empty lines are passed over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::live {

/// What a key may do. A controller's key is what others know the controller by.
enum class Role : uint8_t {
  kAgent,     ///< speaks for the node of its name, and for no other
  kUser,      ///< submits jobs and cancels its own
  kOperator,  ///< also drains nodes and cancels the jobs of others
  kAdmin,     ///< also everything else
  kController,
};

/// "agent", "user", "operator", "admin", "controller".
std::string_view name_of(Role role);
std::optional<Role> role_named(std::string_view name);

struct KeyPair {
  std::string public_key;  ///< Z85, 40 characters
  std::string secret_key;
};

/// A new pair from the system's random numbers. Throws EnvironmentError where libzmq was built
/// without CURVE.
KeyPair generate_keys();
/// The public key that belongs to a secret one.
std::string public_key_of(const std::string& secret_key);
bool is_key(std::string_view text);

/// A name for a key: letters, digits, "-", "_" and ".", 1 to 128 of them, not starting with ".".
/// It becomes the name of a file, and of a node or a person.
bool is_key_name(std::string_view name);

/// One line of a list of authorised peers.
struct Authorised {
  Role role = Role::kUser;
  std::string name;
  std::string public_key;

  bool operator==(const Authorised&) const = default;
};

struct KeyFiles {
  std::filesystem::path secret;
  std::filesystem::path public_;
};
/// Writes NAME.secret (mode 0600 from its first byte on) and NAME.public into `folder`. Throws
/// InputError when either is there already: a key is never overwritten. EnvironmentError when the
/// folder can't be written.
KeyFiles write_keys(const std::filesystem::path& folder, const std::string& name, Role role,
                    const KeyPair& keys);

/// Throws InputError with line when it is no secret file, or when others than its owner may read
/// it; EnvironmentError when it can't be read.
KeyPair read_secret(const std::filesystem::path& file);
/// A list of authorised peers, also a public file. Throws InputError with line; a key or an agent's
/// name that stands there twice is an error, as nobody could tell who speaks.
std::vector<Authorised> read_authorised(const std::filesystem::path& file);
std::vector<Authorised> parse_authorised(std::string_view text, const std::string& where);
/// The key in the public file of a controller. Throws InputError when it is none.
std::string read_controller_key(const std::filesystem::path& file);

}  // namespace orrery::live
