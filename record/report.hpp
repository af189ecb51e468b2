// report.html: the record of a run as one page that needs nothing but a browser.
//
// The page holds its own style, code and data. The summary is plain HTML; charts, the Gantt view
// and the job lookup are drawn from packed bytes (varints in base64) by the page's code. The
// sources of the page are report_template.html, report.css and report_*.js, joined when Orrery is
// built.
#pragma once

#include <filesystem>
#include <string_view>

#include "record/rows.hpp"
#include "record/summary.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

/// The page holds at most so many jobs and bytes of node lists; beyond, every k-th job is kept and
/// the page says so. Its summary, timeline and distributions are of all jobs all the same.
inline constexpr size_t kReportJobs = 200'000;
inline constexpr size_t kReportNodeBytes = 6 * 1024 * 1024;

void write_report(const std::filesystem::path& file, const Rows& rows, const Timeline& timeline,
                  const Summary& summary);

/// The page with {{name}} where content goes; made from the template's files at build time.
extern const std::string_view kReportTemplate;

}  // namespace orrery::record
