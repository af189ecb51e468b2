// From the rows of a run to its summary.
#pragma once

#include "record/rows.hpp"
#include "record/summary.hpp"
#include "record/timeline.hpp"

namespace orrery::record {

/// All of the summary but what only the recorder counts: requeues and interrupted work.
Summary summarise(const Rows& rows, const Timeline& timeline, const RunInfo& info);

}  // namespace orrery::record
