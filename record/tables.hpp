// The tables of a run record: jobs.csv and timeline.csv.
#pragma once

#include <filesystem>
#include <string>

#include "record/rows.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

/// One row a job that reached the controller, in the workload's order. `powered`: the cluster
/// states what its nodes draw.
void write_jobs(const std::filesystem::path& file, const Rows& rows, const std::string& workload,
                bool powered);

/// One row a bucket of the timeline.
void write_timeline(const std::filesystem::path& file, const Rows& rows, const Timeline& timeline);

void write_text(const std::filesystem::path& file, std::string_view text);

}  // namespace orrery::record
