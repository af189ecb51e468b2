// What every reader must do with any bytes: give a valid workload or throw an InputError.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "actors/error.hpp"
#include "traces/reader.hpp"
#include "traces/writer.hpp"

namespace orrery::traces {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

/// Reads `bytes` strictly, then leaving malformed rows out; what can be read can be written, too.
inline void fuzz_reader(std::string_view bytes, Format format) {
  for (const bool skip : {false, true}) {
    try {
      ReadOptions options;
      options.format = format;
      options.skip_errors = skip;
      options.swf_memory = skip;
      options.host_gflops = skip ? 1.5 : 0;
      ReadReport report;
      const Workload workload = parse_workload(bytes, "fuzz", options, report);
      require(fault_of(workload).empty(), fault_of(workload));
      require(report.rows >= workload.size() + report.left_out, "more jobs than rows");
      StringSink csv;
      write_csv(workload, csv);
      options.format = Format::kOrreryCsv;
      options.skip_errors = false;
      StringSink again;
      write_csv(parse_workload(csv.text(), "again", options, report), again);
      require(csv.text() == again.text(), csv.text() + "is not\n" + again.text());
    } catch (const InputError&) {
    }
  }
}

}  // namespace orrery::traces
