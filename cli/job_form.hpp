// JobForm: a job as a person submits it, from a YAML file, from options, or from both.
//
// One description of its keys reads both and lists them for the documentation: an option is a key
// of the file that stands on the command line, and is checked and told wrong like one.
#pragma once

#include <string>
#include <vector>

#include "cli/document.hpp"
#include "cli/fields.hpp"
#include "live/api/operations.hpp"

namespace orrery::cli {

/// Puts `text` under `key`, as `option` says: `--tasks 4`.
void put_option(Value& form, const std::string& key, const std::string& option,
                const std::string& text);
/// Puts a list of texts under `key`.
void put_list(Value& form, const std::string& key, const std::string& option,
              const std::vector<std::string>& texts);
/// Adds "K=V" to the environment, in place of an entry of that name.
void put_variable(Value& form, const std::string& text);

/// Reads a job file; an empty path gives an empty form. Throws InputError.
Value load_job_form(const std::string& path);
/// Types and checks a form. Throws InputError (or InputErrors) with file, line and column.
live::JobRequest read_job_form(const Value& form);
/// The body of POST /v1/jobs.
std::string body_of(const live::JobRequest& job);
/// The keys of a job file.
std::vector<FieldInfo> job_form_reference();

/// "30m", "1h30m", a bare number of seconds, or as Slurm writes it: "1:30:00", "2-12:00:00". In
/// seconds.
bool parse_time_limit(std::string_view text, double& seconds);

}  // namespace orrery::cli
