// orrery token: a token for the HTTP interface, made where the controller runs.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/error.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/fields.hpp"
#include "live/api/tokens.hpp"

namespace orrery::cli {

namespace {

struct TokenOptions {
  std::string name;
  std::string role;
  std::string tokens;
  std::string out;
  bool json = false;
};

int make_token(const TokenOptions& o) {
  const auto role = live::api::token_role_named(o.role);
  if (!role) {
    throw InputError({"--role", 0, 0, "read-only, user, operator or admin", in_quotes(o.role),
                      suggestion(o.role, {"read-only", "user", "operator", "admin"})});
  }
  if (!live::api::is_token_name(o.name)) {
    throw InputError({"command line", 0, 0,
                      "a name of letters, digits, \"-\", \"_\" and \".\", not starting with \".\"",
                      in_quotes(o.name), ""});
  }
  const std::string out = o.out.empty() ? o.name + ".token" : o.out;
  std::error_code problem;
  if (std::filesystem::exists(out, problem)) {
    throw InputError({out, 0, 0, "no file of that name", "one",
                      "a token is never overwritten; move it away or name another with --out"});
  }
  live::api::write_token(out, live::api::add_token(o.tokens, {*role, o.name}));
  if (o.json) {
    const nlohmann::ordered_json told{
        {"name", o.name}, {"role", o.role}, {"token_file", out}, {"tokens", o.tokens}};
    print(told.dump(2) + "\n");
  } else {
    print("token " + out + "  give it to " + o.name + ", for ORRERY_TOKEN_FILE; " + o.tokens +
          " keeps only its hash\n");
  }
  return kDone;
}

}  // namespace

void add_token(CLI::App& app, Action& action) {
  auto o = std::make_shared<TokenOptions>();
  CLI::App* verb = app.add_subcommand("token", "Make a token for a controller's HTTP interface");
  verb->add_option("NAME", o->name, "Whose token it is")->required();
  verb->add_option("--role", o->role, "read-only, user, operator or admin")->required();
  verb->add_option("--tokens", o->tokens, "The controller's file of tokens")
      ->type_name("FILE")
      ->required();
  verb->add_option("-o,--out", o->out, "The file for the token (default: NAME.token)")
      ->type_name("FILE");
  verb->add_flag("--json", o->json, "Print JSON");
  verb->footer(
      "Examples:\n"
      "  orrery token ada --role user --tokens state/tokens\n"
      "  orrery token prometheus --role read-only --tokens state/tokens");
  verb->callback([&action, o] { action = [o] { return make_token(*o); }; });
}

}  // namespace orrery::cli
