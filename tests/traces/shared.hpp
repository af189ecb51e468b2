// Where tests find the shared data, and small helpers to read traces from text.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "actors/error.hpp"
#include "traces/reader.hpp"
#include "traces/sink.hpp"
#include "traces/writer.hpp"

namespace orrery::traces {

inline std::string shared_path(const std::string& file) {
  const char* shared = std::getenv("ORRERY_SHARED");
  const std::filesystem::path folder =
      shared != nullptr ? shared : std::filesystem::path(ORRERY_SOURCE_DIR) / "../shared";
  return (folder / file).string();
}

/// To be used in a test body: skips it when the file is not there.
#define REQUIRE_SHARED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared data at " << (path)

inline Workload parse(std::string_view text, Format format, const ReadOptions& more = {},
                      ReadReport* told = nullptr) {
  ReadOptions options = more;
  options.format = format;
  ReadReport report;
  Workload workload = parse_workload(text, "test", options, report);
  if (told != nullptr) *told = report;
  EXPECT_EQ(fault_of(workload), "");
  return workload;
}

/// What the error says that `action` throws; "no error" when it throws none.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// Jobs that went through Orrery's own two formats and back.
inline void expect_round_trip(const Workload& workload) {
  StringSink once;
  write_csv(workload, once);
  StringSink twice;
  write_csv(parse(once.text(), Format::kOrreryCsv), twice);
  EXPECT_EQ(once.text(), twice.text());
  StringSink binary;
  write_binary(workload, binary);
  StringSink thrice;
  write_csv(parse(binary.text(), Format::kOrreryBinary), thrice);
  EXPECT_EQ(once.text(), thrice.text());
}

inline std::string parse_error(std::string_view text, Format format, const ReadOptions& more = {}) {
  return error_of([&] { parse(text, format, more); });
}

}  // namespace orrery::traces
