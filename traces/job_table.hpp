// JobTable: what the readers share whose format is a CSV with a header and one job a row.
//
// A reader says where its columns stand and what a row means; names, duplicates, users and queues,
// dates and the sorting at the end are the same for all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "actors/workload.hpp"
#include "traces/builder.hpp"
#include "traces/csv.hpp"
#include "traces/input.hpp"
#include "traces/kinds.hpp"
#include "traces/reader.hpp"

namespace orrery::traces {

class JobTable {
 public:
  JobTable(LineReader& lines, const ReadOptions& options, uint64_t expected_jobs,
           ReadReport& report);

  /// Calls `header()` when the columns are known, then `row(spec, truth)` for each row with the job
  /// to fill in. The row gives true, or false where it describes no job that can run; it has said
  /// why by leave_out().
  template <typename Header, typename Row>
  Workload read(Header&& header, Row&& row) {
    for_each_record(lines_, errors_, table_, report_, header, [&] {
      JobSpec spec;
      JobTruth truth;
      take_name(spec);
      if (row(spec, truth)) add(std::move(spec), truth);
    });
    return finished();
  }

  /// The column of the jobs' names; without it a job's name is the number of its row, from 1.
  void names_from(std::string_view column) { name_ = table_.require(column); }

  /// The header and the current row.
  const CsvTable& table() const { return table_; }
  /// Jobs so far.
  size_t size() const { return workload_.size(); }
  /// Counts something odd but tolerable; a literal, as in Oddities.
  void count(const char* text) { oddities_.count(text); }
  /// Counts the row as left out: "rows without GPUs were left out". For `return leave_out(...)`.
  bool leave_out(const char* text);
  /// Fails about the row as a whole.
  [[noreturn]] void fail(std::string expected, std::string found) const {
    errors_.fail(0, std::move(expected), std::move(found));
  }

  /// Indices of names in the current row; 0 where the column is absent or the field empty.
  uint32_t user(size_t column) { return index_in(users_, column); }
  uint32_t group(size_t column) { return index_in(groups_, column); }
  uint32_t queue(size_t column) { return index_in(queues_, column); }
  uint32_t kind(JobKind kind) { return kinds_.index_of(std::move(kind)); }

  /// Takes "2017-10-09 07:01:55" as the submit time. Once all rows are read, submit times count
  /// from the earliest, and the report keeps its date.
  void take_date(JobSpec& spec, size_t column);
  /// A deadline so many nanoseconds after second 0, from `column`.
  void take_deadline(JobSpec& spec, int64_t ns, size_t column);

 private:
  void take_name(JobSpec& spec) const;
  void add(JobSpec spec, const JobTruth& truth);
  uint32_t index_in(NameTable& names, size_t column);
  Workload finished();

  LineReader& lines_;
  ReadReport& report_;
  RowErrors errors_;
  CsvTable table_;
  Oddities oddities_;
  Workload workload_;
  NameTable users_;
  NameTable groups_;
  NameTable queues_;
  KindTable kinds_;
  std::unordered_set<std::string> names_;
  size_t name_ = CsvTable::kAbsent;
  bool dated_ = false;
};

/// A rigid gang of so many tasks.
void make_gang(JobSpec& spec, int64_t tasks);

/// For traces whose authors' policies know the run time: the job asks for just as long.
void ask_for_run_time(JobSpec& spec, const JobTruth& truth);

}  // namespace orrery::traces
