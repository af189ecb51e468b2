// docs/wire.md lists every message and field under the name that it has on the wire.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

#include "live/wire/schema.hpp"

namespace orrery::live {
namespace {

template <class Enum>
std::string words() {
  std::string text;
  for (std::string_view word : EnumWords<Enum>::kWords) {
    text += (text.empty() ? "`" : ", `") + std::string(word) + "`";
  }
  return text;
}

/// What stands in a field, in words; the value that it takes when it is missing.
std::string kind_of(const std::string& /*text*/) { return "text"; }
std::string kind_of(const std::vector<JobId>& /*jobs*/) { return "array of jobs"; }
std::string kind_of(JobId /*id*/) { return "job"; }
std::string kind_of(NodeId /*id*/) { return "node"; }
std::string kind_of(Instant /*at*/) { return "whole number, ns"; }
std::string kind_of(Duration /*d*/) { return "whole number, ns"; }
std::string kind_of(const GpuSet& /*gpus*/) { return "`GpuSet`"; }
std::string kind_of(const TaskDemand& /*each*/) { return "`TaskDemand`"; }
std::string kind_of(const JobSpec* /*spec*/) { return "`JobSpec`, or job"; }
template <class T>
std::string kind_of(T /*value*/) {
  if constexpr (std::is_enum_v<T>) {
    return words<T>();
  } else {
    return std::string(std::is_signed_v<T> ? "whole number" : "whole number from 0") + ", " +
           std::to_string(8 * sizeof(T)) + " bits";
  }
}

template <class T>
std::string fallback(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return "`" + std::string(EnumWords<T>::kWords[static_cast<size_t>(value)]) + "`";
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else if constexpr (requires { value.ns; }) {
    return value.ns == INT64_MAX ? "none" : std::to_string(value.ns);
  } else {
    return "none";
  }
}

template <class T>
std::string rows(std::string_view name) {
  std::string text;
  T value;
  size_t next = 0;
  std::apply(
      [&](auto... member) {
        ((text += "| " + (next == 0 ? "`" + std::string(name) + "`" : "") + " | `" +
                  std::string(Schema<T>::kNames[next].name) + "` | " + kind_of(value.*member) +
                  " | " + (Schema<T>::kNames[next].required ? "" : fallback(value.*member)) +
                  " |\n",
          ++next),
         ...);
      },
      Schema<T>::kMembers);
  return text;
}

template <class... M>
std::string all_rows(const std::variant<M...>* /*unused*/) {
  return (std::string() + ... + rows<M>(M::kName));
}

TEST(WireReference, IsInTheDocumentation) {
  const std::string path = ORRERY_SOURCE_DIR "/docs/wire.md";
  std::ostringstream buffer;
  buffer << std::ifstream(path).rdbuf();
  const std::string text = buffer.str();
  const std::string table = "\n| message | field | holds | when missing |\n|---|---|---|---|\n" +
                            all_rows(static_cast<const Message*>(nullptr)) +
                            "\n| part | field | holds | when missing |\n|---|---|---|---|\n" +
                            rows<JobSpec>("JobSpec") + rows<TaskDemand>("TaskDemand") +
                            rows<GpuSet>("GpuSet") + "\n";
  size_t begin = text.find("<!-- schema");
  ASSERT_NE(begin, std::string::npos);
  begin = text.find('\n', begin) + 1;
  const size_t end = text.find("<!-- end of schema -->");
  ASSERT_NE(end, std::string::npos);
  if (std::getenv("ORRERY_REWRITE") != nullptr) {
    std::ofstream(path) << text.substr(0, begin) << table << text.substr(end);
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), table) << "ORRERY_REWRITE=1 brings it up to date";
}

}  // namespace
}  // namespace orrery::live
