// Throughputs: how many training steps a second each kind of job makes on each type of GPU, alone
// and beside another job on the same GPUs, as measured by the authors of Gavel.
//
// Source of the format: simulation_throughputs.json of Gavel (Narayanan et al.,
// "Heterogeneity-Aware Cluster Scheduling Policies for Deep Learning Workloads", OSDI 2020), also
// used by Shockwave (Zheng et al., NSDI 2023): GPU type, then kind of job as the text
// "('ResNet-18 (batch size 16)', 1)", then "null" (alone) or the kind beside it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery::traces {

/// What a throughput was measured of: a model with its batch size, on so many GPUs.
struct GangKind {
  std::string model;  ///< "ResNet-18 (batch size 16)"
  uint32_t gpus = 1;

  auto operator<=>(const GangKind&) const = default;
};

class Throughputs {
 public:
  /// The suffix of a GPU type whose figures hold for a gang that is scattered over nodes.
  static constexpr std::string_view kScattered = "_unconsolidated";

  /// The types of GPU, by name; those of scattered gangs are not among them.
  const std::vector<std::string>& gpu_types() const { return gpu_types_; }
  /// Steps a second of the whole gang with its GPUs to itself; none where it was not measured, 0
  /// where it does not run.
  std::optional<double> alone(const std::string& gpu_type, const GangKind& kind) const;
  /// Steps a second of `kind` and of `other` while they share the same GPUs.
  std::optional<std::pair<double, double>> together(const std::string& gpu_type,
                                                    const GangKind& kind,
                                                    const GangKind& other) const;
  /// Numbers of GPUs on which `model` was measured on that type, with steps a second, ascending.
  std::vector<std::pair<uint32_t, double>> by_gpus(const std::string& gpu_type,
                                                   const std::string& model) const;

 private:
  friend class ThroughputsBuilder;
  struct Row {
    double alone = 0;
    std::map<GangKind, std::pair<double, double>> beside;
  };
  using Table = std::map<GangKind, Row>;

  std::vector<std::string> gpu_types_;
  std::map<std::string, Table> tables_;
};

/// Reads a table, plain, gzip or zstd. Throws InputError where it is not as its format says.
Throughputs read_throughputs(const std::string& path);
/// The same from memory; `name` stands in messages.
Throughputs parse_throughputs(std::string_view bytes, const std::string& name);

}  // namespace orrery::traces
