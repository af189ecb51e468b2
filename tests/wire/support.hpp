// What the wire's tests share: random mail, and comparing what came with what was sent.
#pragma once

#include <deque>
#include <rapidcheck.h>
#include <string>

#include "live/wire/codec.hpp"
#include "live/wire/schema.hpp"

namespace orrery::live {

/// A whole number of any size that T holds; large ones as often as small ones.
template <class T>
T any_number() {
  return *rc::gen::oneOf(
      rc::gen::inRange<T>(0, 100), rc::gen::arbitrary<T>(),
      rc::gen::element<T>(std::numeric_limits<T>::max(), std::numeric_limits<T>::min()));
}

inline Duration any_time() { return {*rc::gen::inRange<int64_t>(0, INT64_MAX / 4)}; }

/// A sound spec with every field set to something.
inline JobSpec any_spec() {
  JobSpec spec;
  spec.id.index = *rc::gen::inRange<uint32_t>(0, 1000);
  spec.name = *rc::gen::element<std::string>(
      "", "train", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", std::string(kMostNameBytes, 'n'));
  spec.submit.ns = any_time().ns;
  spec.min_tasks = *rc::gen::inRange<uint32_t>(1, 10);
  spec.tasks = spec.min_tasks + *rc::gen::inRange<uint32_t>(0, 10);
  spec.max_tasks = spec.tasks + *rc::gen::inRange<uint32_t>(0, 10);
  spec.flexibility =
      *rc::gen::element(Flexibility::kMoldable, Flexibility::kMalleable, Flexibility::kEvolving);
  spec.each.cpu_milli = any_time().ns;
  spec.each.memory_mib = any_time().ns;
  spec.each.gpus = *rc::gen::inRange(0, 17);
  spec.each.gpu_milli = *rc::gen::inRange(1, 1001);
  spec.each.gpu_memory_mib = any_time().ns;
  spec.each.gpu_types = any_number<uint32_t>();
  spec.requested_time =
      *rc::gen::element(Duration::infinite(), Duration::seconds(1), Duration::seconds(3600));
  spec.priority = any_number<int32_t>();
  spec.user = any_number<uint32_t>();
  spec.group = any_number<uint32_t>();
  spec.queue = any_number<uint32_t>();
  spec.think_time = any_time();
  spec.deadline = *rc::gen::element(Instant::never(), Instant{0}, Instant{3'600'000'000'000});
  spec.kind = any_number<uint32_t>();
  for (uint32_t job : *rc::gen::arbitrary<std::vector<uint32_t>>()) spec.after.push_back({job});
  return spec;
}

/// Fills the members of any message; specs come to lie in `specs`.
class AnyMessage {
 public:
  template <class M>
  M make() {
    M message;
    std::apply([&](auto... member) { (fill(message.*member), ...); }, Schema<M>::kMembers);
    return message;
  }
  /// Message number `index` of the variant.
  template <size_t I = 0>
  Message make_at(size_t index) {
    if constexpr (I < std::variant_size_v<Message>) {
      if (I == index) return make<std::variant_alternative_t<I, Message>>();
      return make_at<I + 1>(index);
    }
    return {};
  }
  /// A spec whose job no other one has, as one controller numbers them.
  JobSpec& new_spec() {
    static uint32_t next = 0;
    JobSpec& spec = specs_.emplace_back(any_spec());
    spec.id.index = next++;
    return spec;
  }

 private:
  template <class T>
  requires std::is_integral_v<T>
  void fill(T& value) { value = any_number<T>(); }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void fill(Enum& value) {
    value = static_cast<Enum>(*rc::gen::inRange<size_t>(0, EnumWords<Enum>::kWords.size()));
  }
  void fill(JobId& id) { fill(id.index); }
  void fill(NodeId& id) { fill(id.index); }
  void fill(GpuSet& gpus) {
    fill(gpus.mask);
    fill(gpus.milli);
  }
  void fill(const JobSpec*& spec) { spec = &new_spec(); }

  std::deque<JobSpec> specs_;
};

template <class T>
bool equal_values(const T& a, const T& b) {
  return a == b;
}
inline bool equal_values(const JobSpec* a, const JobSpec* b) { return equal_specs(*a, *b); }

inline bool equal_messages(const Message& a, const Message& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&]<class M>(const M& left) {
        const M& right = std::get<M>(b);
        return std::apply(
            [&](auto... member) { return (equal_values(left.*member, right.*member) && ...); },
            Schema<M>::kMembers);
      },
      a);
}

}  // namespace orrery::live
