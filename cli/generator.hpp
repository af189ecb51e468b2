// GeneratorSource: a synthetic workload as a scenario or `orrery trace gen` describes it.
#pragma once

#include <string>
#include <vector>

#include "actors/cluster.hpp"
#include "actors/workload.hpp"
#include "cli/fields.hpp"
#include "traces/generate.hpp"

namespace orrery::cli {

/// A model and the options of each; only those of `model` count. A size of 0 stands for that of
/// the cluster which the workload meets.
struct GeneratorSource {
  GeneratorSource();

  std::string model;  ///< lublin, dl or rigid; empty: none
  traces::LublinOptions lublin;
  traces::DlOptions dl;
  traces::RigidOptions rigid;
};

const std::vector<std::string>& model_names();

/// The keys of `source.model`.
void describe_generator(Fields& f, GeneratorSource& source);

/// Generates; `cluster` may be null where every size is given. Throws InputError.
Workload generate(GeneratorSource source, uint64_t seed, const ClusterSpec* cluster);

}  // namespace orrery::cli
