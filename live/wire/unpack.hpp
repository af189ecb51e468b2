// msgpack maps to structs, by their Schema, from bytes that anybody may have sent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "actors/ids.hpp"
#include "live/wire/catalogue.hpp"
#include "live/wire/codec.hpp"
#include "live/wire/reader.hpp"
#include "live/wire/schema.hpp"

namespace orrery::live {

/// Reads fields; after the first that it can't, `field` and `expected` say what was wrong.
class Unpacker {
 public:
  /// `keep`: specs that come by value are kept there and may come by job; nullptr: neither.
  /// `numbered`: a spec has to have its job's number.
  Unpacker(std::string_view bytes, Catalogue* keep, bool numbered, JobSpec& scratch,
           std::vector<JobId>& missing)
      : in_(bytes), keep_(keep), numbered_(numbered), scratch_(scratch), missing_(missing) {}

  Reader& in() { return in_; }
  std::string_view field() const { return field_; }
  std::string_view expected() const { return expected_; }
  bool fail(std::string_view expected) {
    if (expected_.empty()) expected_ = expected;
    return false;
  }

  /// A map of the fields of T. Unknown fields are passed over; `out` keeps what it holds where
  /// fields that may be missing are.
  template <class T>
  bool read_struct(T& out) {
    uint32_t pairs = 0;
    if (!in_.map(pairs)) return fail("a map");
    uint32_t seen = 0;
    size_t next = 0;
    for (uint32_t i = 0; i < pairs; ++i) {
      std::string_view key;
      if (!in_.key(key)) return fail("a name of a field");
      size_t index = index_of<T>(key, next);
      if (index == kNone) {
        if (!in_.skip()) return fail("a whole value");
        continue;
      }
      field_ = Schema<T>::kNames[index].name;
      if ((seen >> index & 1U) != 0) return fail("each field once");
      seen |= 1U << index;
      if (!read_member(out, index)) return false;
      next = index + 1;
    }
    return whole<T>(seen) && settle(out, seen);
  }

  bool read(ActorId& actor) {
    uint32_t items = 0;
    if (!in_.array(items) || items != 2) return fail("an array of place and serial");
    return read(actor.place) && read(actor.serial);
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  /// Peers send fields in the order of the table, so the next one is most often the right one.
  template <class T>
  static size_t index_of(std::string_view key, size_t next) {
    constexpr auto& kNames = Schema<T>::kNames;
    if (next < kNames.size() && kNames[next].name == key) return next;
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (kNames[i].name == key) return i;
    }
    return kNone;
  }

  template <class T>
  bool read_member(T& out, size_t index) {
    return std::apply(
        [&](auto... member) {
          size_t i = 0;
          bool good = false;
          (void)((i++ == index ? (good = read(out.*member), true) : false) || ...);
          return good;
        },
        Schema<T>::kMembers);
  }

  template <class T>
  bool whole(uint32_t seen) {
    for (size_t i = 0; i < Schema<T>::kNames.size(); ++i) {
      if ((seen >> i & 1U) != 0 || !Schema<T>::kNames[i].required) continue;
      field_ = Schema<T>::kNames[i].name;
      return fail("this field");
    }
    return true;
  }

  template <class T>
  bool settle(T& /*out*/, uint32_t /*seen*/) {
    return true;
  }
  bool settle(JobSpec& spec, uint32_t seen) {
    if ((seen >> Schema<JobSpec>::kMinTasks & 1U) == 0) spec.min_tasks = spec.tasks;
    if ((seen >> Schema<JobSpec>::kMaxTasks & 1U) == 0) spec.max_tasks = spec.tasks;
    if (fault_of_spec(spec).empty()) return true;
    field_ = "spec";
    return fail("a sound job");
  }

  template <class T>
  requires std::is_integral_v<T>
  bool read(T& value) {
    std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t> wide = 0;
    if (!in_.number(wide) || !std::in_range<T>(wide)) return fail("a whole number in its range");
    value = static_cast<T>(wide);
    return true;
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  bool read(Enum& value) {
    std::string_view word;
    if (!in_.key(word)) return fail("one of its words");
    for (size_t i = 0; i < EnumWords<Enum>::kWords.size(); ++i) {
      if (EnumWords<Enum>::kWords[i] != word) continue;
      value = static_cast<Enum>(i);
      return true;
    }
    return fail("one of its words");
  }
  bool read(JobId& id) { return read(id.index); }
  bool read(NodeId& id) { return read(id.index); }
  bool read(Instant& at) { return read(at.ns); }
  bool read(Duration& d) { return read(d.ns); }
  bool read(GpuSet& gpus) { return read_struct(gpus); }
  bool read(TaskDemand& demand) { return read_struct(demand); }
  bool read(std::string& text) {
    std::string_view view;
    if (!in_.text(view, kMostNameBytes)) return fail("text in UTF-8 of at most 1024 bytes");
    text = view;
    return true;
  }
  /// Arguments and variables: any bytes, as a program may be given.
  bool read(std::vector<std::string>& texts) {
    uint32_t items = 0;
    if (!in_.array(items) || items > kMostTexts) return fail("an array of at most 4096 texts");
    texts.clear();
    for (uint32_t i = 0; i < items; ++i) {
      std::string_view view;
      if (!in_.key(view) || view.size() > kMostLaunchBytes) return fail("texts");
      texts.emplace_back(view);
    }
    return true;
  }
  bool read(std::shared_ptr<const Launch>& launch) {
    const size_t start = in_.at();
    uint32_t pairs = 0;
    bool there = in_.map(pairs);
    in_.go_to(start);
    if (!there) return in_.skip() || fail("a map or nil");
    auto read_one = std::make_shared<Launch>();
    if (!read_struct(*read_one)) return false;
    launch = std::move(read_one);
    return true;
  }
  bool read(std::vector<JobId>& jobs) {
    uint32_t items = 0;
    if (!in_.array(items) || items > kMostAfter) return fail("an array of at most 65536 jobs");
    jobs.clear();
    for (uint32_t i = 0; i < items; ++i) {
      JobId job;
      if (!read(job)) return false;
      jobs.push_back(job);
    }
    return true;
  }
  bool read(const JobSpec*& spec) {
    const size_t start = in_.at();
    uint32_t pairs = 0;
    if (!in_.map(pairs)) {
      in_.go_to(start);
      return read_reference(spec);
    }
    in_.go_to(start);
    scratch_ = JobSpec{};
    if (!read_struct(scratch_)) return false;
    spec = &scratch_;
    if (numbered_ && !scratch_.id.valid()) return fail("a job with its number");
    if (keep_ == nullptr) return true;
    spec = keep_->keep(std::move(scratch_));
    return spec != nullptr || fail("no more jobs than the catalogue holds");
  }
  bool read_reference(const JobSpec*& spec) {
    JobId job;
    if (!read(job)) return fail("a job's map or number");
    if (keep_ != nullptr) spec = keep_->find(job);
    if (spec != nullptr) return true;
    if (keep_ != nullptr && missing_.size() < kMostMissing) missing_.push_back(job);
    return fail("a job that was sent before");
  }

  static constexpr size_t kMostMissing = 4096;

  Reader in_;
  Catalogue* keep_;
  bool numbered_;
  JobSpec& scratch_;
  std::vector<JobId>& missing_;
  std::string_view field_;
  std::string_view expected_;
};

}  // namespace orrery::live
