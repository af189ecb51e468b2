// Completion scripts and the manual page, made from the verbs and their options so that they cannot
// fall behind them.
#include <CLI/CLI.hpp>
#include <string>

#include "cli/command.hpp"

namespace orrery::cli {

namespace {

std::vector<std::string> long_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_of(app)) names.push_back(verb->get_name());
  return names;
}

// What may follow a verb: its own verbs and its long options.
std::string words_after(const CLI::App& verb) {
  std::vector<std::string> words = verb_names(verb);
  for (const std::string& option : long_options(verb)) words.push_back(option);
  return joined(words);
}

std::string bash_script(const CLI::App& app) {
  std::string text =
      "_orrery() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words\n"
      "  case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n";
  for (const CLI::App* verb : verbs_of(app)) {
    for (const CLI::App* inner : verbs_of(*verb)) {
      text += "    \"" + verb->get_name() + " " + inner->get_name() + "\") words=\"" +
              words_after(*inner) + "\" ;;\n";
    }
    text += "    \"" + verb->get_name() + " \"*) words=\"" + words_after(*verb) + "\" ;;\n";
  }
  text += "    *) words=\"" + words_after(app) + "\" ;;\n  esac\n";
  return text + "  [ \"$COMP_CWORD\" -eq 1 ] && words=\"" + words_after(app) +
         "\"\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "}\n"
         "complete -o filenames -F _orrery orrery\n";
}

std::string fish_script(const CLI::App& app) {
  auto in_single_quotes = [](const std::string& text) {
    std::string out = "'";
    for (char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return out + "'";
  };
  std::string text;
  auto options_of = [&](const CLI::App& verb, const std::string& condition) {
    for (const CLI::Option* option : verb.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        text += "complete -c orrery -n " + in_single_quotes(condition) + " -l " + name + " -d " +
                in_single_quotes(option->get_description()) + "\n";
      }
    }
  };
  for (const CLI::App* verb : verbs_of(app)) {
    text += "complete -c orrery -n __fish_use_subcommand -a " + verb->get_name() + " -d " +
            in_single_quotes(verb->get_description()) + "\n";
    std::string seen = "__fish_seen_subcommand_from " + verb->get_name();
    options_of(*verb, seen);
    for (const CLI::App* inner : verbs_of(*verb)) {
      text += "complete -c orrery -n " + in_single_quotes(seen) + " -a " + inner->get_name() +
              " -d " + in_single_quotes(inner->get_description()) + "\n";
      options_of(*inner, seen + "; and __fish_seen_subcommand_from " + inner->get_name());
    }
  }
  return text;
}

// Text for roff: no line of it is taken for a request, and dashes stay dashes.
std::string roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string roff_options(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    std::string name = option->get_name(false, true);
    text += ".TP\n.B " + roff(name);
    if (!option->get_type_name().empty() && !option->get_lnames().empty()) {
      text += " " + roff(option->get_type_name());
    }
    text += "\n" + roff(option->get_description()) + "\n";
  }
  return text;
}

void add_verbs(const CLI::App& app, const std::string& before, std::string& text) {
  for (const CLI::App* verb : verbs_of(app)) {
    std::string name = before + " " + verb->get_name();
    text += ".SS " + roff(name) + "\n" + roff(verb->get_description()) + ".\n";
    text += roff_options(*verb);
    if (!verb->get_footer().empty()) {
      text += ".PP\n.nf\n" + roff(verb->get_footer()) + "\n.fi\n";
    }
    add_verbs(*verb, name, text);
  }
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  if (shell == "fish") return fish_script(app);
  if (shell == "bash") return bash_script(app);
  return "#compdef orrery\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(app);
}

std::string manual_page(const CLI::App& app) {
  std::string text = ".TH ORRERY 1 \"\" \"orrery " + std::string(version()) + "\"\n";
  text += ".SH NAME\norrery \\- simulate clusters and the policies that schedule them\n";
  text += ".SH SYNOPSIS\n.B orrery\nVERB [OPTION]... [ARGUMENT]...\n";
  text += ".SH DESCRIPTION\n" + roff(app.get_description()) + "\n";
  text += ".SH VERBS\n";
  add_verbs(app, app.get_name(), text);
  text += ".SH EXAMPLES AND EXIT CODES\n.nf\n" + roff(app.get_footer()) + "\n.fi\n";
  return text;
}

}  // namespace orrery::cli
