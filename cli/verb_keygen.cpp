// orrery keygen: a pair of keys for the wire.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "cli/fields.hpp"
#include "live/wire/keys.hpp"

namespace orrery::cli {

namespace {

struct KeygenOptions {
  std::string name;
  std::string role;
  std::string folder = ".";
  bool json = false;
};

int make_keys(const KeygenOptions& options) {
  auto role = live::role_named(options.role);
  if (!role) {
    throw InputError(
        {"--role " + options.role, 0, 0, "agent, user, operator, admin or controller",
         in_quotes(options.role),
         suggestion(options.role, {"agent", "user", "operator", "admin", "controller"})});
  }
  if (!live::is_key_name(options.name)) {
    throw InputError({"command line", 0, 0,
                      "a name of letters, digits, \"-\", \"_\" and \".\", not starting with \".\"",
                      in_quotes(options.name), ""});
  }
  live::KeyPair keys = live::generate_keys();
  live::KeyFiles files = live::write_keys(options.folder, options.name, *role, keys);
  if (options.json) {
    nlohmann::ordered_json out;
    out["name"] = options.name;
    out["role"] = options.role;
    out["public_key"] = keys.public_key;
    out["secret_file"] = files.secret.string();
    out["public_file"] = files.public_.string();
    print(out.dump(2) + "\n");
    return kDone;
  }
  const bool controller = *role == live::Role::kController;
  print("secret  " + files.secret.string() + "  keep it where " +
        (controller ? "the controller" : options.name) + " runs; nobody else needs it\n" +
        "public  " + files.public_.string() + "  " +
        (controller ? "copy it to every agent and user"
                    : "append it to the controller's list of authorised peers") +
        "\n");
  return kDone;
}

}  // namespace

void add_keygen(CLI::App& app, Action& action) {
  auto o = std::make_shared<KeygenOptions>();
  CLI::App* verb = app.add_subcommand("keygen", "Make a pair of keys for the wire");
  verb->add_option("NAME", o->name, "The node, person or controller whose keys they are")
      ->required();
  verb->add_option("--role", o->role, "agent, user, operator, admin or controller")->required();
  verb->add_option("-o,--out", o->folder, "The folder for NAME.secret and NAME.public (default .)")
      ->type_name("DIR");
  verb->add_flag("--json", o->json, "Print JSON");
  verb->footer(
      "Examples:\n"
      "  orrery keygen controller --role controller\n"
      "  orrery keygen node-3 --role agent --out keys\n"
      "  orrery keygen ada --role user\n"
      "  cat keys/*.public ada.public > authorised\n"
      "      The list of peers that a controller lets in.");
  verb->callback([&action, o] { action = [o] { return make_keys(*o); }; });
}

}  // namespace orrery::cli
