// Kinds of jobs while a trace is read, and as text.
//
// In Orrery's CSV a kind is a record of five fields behind "# kind: " in a comment above the
// header: name, speed model (speed_text.hpp), part of the time that it keeps a GPU busy, seconds an
// iteration spends in each stage, and speed beside each kind, numbered as they stand there, 0 being
// the unknown one. The last two are lists with '/'.
//
//   "ResNet-18 (batch size 16), 2 GPUs",table:1=7.5/2=14.2@1/0.6,0.8,0.01/0/0.05/0.002,-1/0.6/0.5
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "actors/kind.hpp"
#include "traces/csv.hpp"

namespace orrery::traces {

/// Indices for kinds, in order of first appearance. Kinds that are alike in everything are one;
/// those that share nothing but the name get a number behind it.
class KindTable {
 public:
  explicit KindTable(JobKinds& kinds) : kinds_(kinds) {}
  uint32_t index_of(JobKind kind);

 private:
  JobKinds& kinds_;
  std::map<std::string, uint32_t> by_text_;
  std::unordered_map<std::string, uint32_t> times_;  ///< how often a name was given
};

/// The record of a kind; kind 0 has none.
std::string kind_text(const JobKind& kind);

/// The kind of a record. Fails through `errors`. `offset`: bytes before it on its line.
JobKind parse_kind(std::string_view record, uint64_t offset, const RowErrors& errors);

/// The first thing that is wrong with `kinds` in words, "" when nothing is.
std::string fault_of(const JobKinds& kinds);

}  // namespace orrery::traces
