// State: what an actor or a policy remembers, as bytes, so that another process can go on with it.
//
// A class that remembers something names its members once, for both directions and for the layout:
//
//   static void members(auto& self, auto& state) {
//     auto& [rate, usage, sorted] = self;  // every member: a new one does not compile unnamed
//     state(rate, usage);                  // those that are state; `sorted` is scratch
//   }
//
// What it was made with (a cluster, a configuration) is no state: bytes are loaded into an object
// that was made alike. A plain struct needs nothing: all its members are its state. Bytes are
// little-endian, of fixed width, in the order of the members, and equal states have equal bytes.
// Before each object stands its layout, made from the types of all that it holds: bytes of a
// version that remembers something else are refused.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "actors/error.hpp"
#include "actors/job.hpp"
#include "actors/sorted_list.hpp"

namespace orrery {

class StateWriter;

/// To be raised when bytes of the same layout get another meaning.
inline constexpr uint32_t kStateVersion = 1;

// ---- What kinds of values there are ------------------------------------------------------------

template <class T>
concept NamesMembers = requires(T& object, StateWriter& state) {
  T::members(object, state);
};
template <class T>
concept StateNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T>
concept StateTuple = !NamesMembers<T> && requires {
  std::tuple_size<T>::value;
};
template <class T>
concept StateOptional = requires(T& value) {
  value.has_value();
  *value;
};
template <class T>
inline constexpr bool kIsSortedList = false;
template <class T>
inline constexpr bool kIsSortedList<SortedList<T>> = true;
template <class T>
inline constexpr bool kIsSharedConst = false;
template <class T>
inline constexpr bool kIsSharedConst<std::shared_ptr<const T>> = true;
template <class T>
concept StateSequence = requires(T& values) {
  values.push_back(std::declval<typename T::value_type>());
};
/// A map or a multimap.
template <class T>
concept StateMap = requires {
  typename T::mapped_type;
};

/// Becomes whatever a member is, to find out how many there are.
struct AnyMember {
  template <class T>
  operator T() const;
};
template <class T, class... Members>
constexpr size_t member_count() {
  if constexpr (requires { T{Members{}..., AnyMember{}}; }) {
    return member_count<T, Members..., AnyMember>();
  } else {
    return sizeof...(Members);
  }
}

/// Calls `state` with all members of a plain struct, in their order.
template <class T, class Archive>
void all_members(T& object, Archive& state) {
  constexpr size_t kCount = member_count<std::remove_const_t<T>>();
  static_assert(std::is_aggregate_v<T> && kCount > 0 && kCount <= 9,
                "no small plain struct: give it a function `members`");
  if constexpr (kCount == 1) {
    auto& [a] = object;
    state(a);
  } else if constexpr (kCount == 2) {
    auto& [a, b] = object;
    state(a, b);
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = object;
    state(a, b, c);
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = object;
    state(a, b, c, d);
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = object;
    state(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = object;
    state(a, b, c, d, e, f);
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = object;
    state(a, b, c, d, e, f, g);
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = object;
    state(a, b, c, d, e, f, g, h);
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = object;
    state(a, b, c, d, e, f, g, h, i);
  }
}

// ---- The layout --------------------------------------------------------------------------------

/// The types of all that an object holds, as a hash of their text.
class StateLayout {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (add(values), ...);
  }
  uint64_t hash() const { return hash_; }

 private:
  template <class T>
  void add(const T& value) {
    if constexpr (std::is_same_v<T, const JobSpec*>) {
      say("job");
    } else if constexpr (StateNumber<T>) {
      say(std::is_floating_point_v<T> ? "real" : std::is_signed_v<T> ? "whole" : "natural");
      say(std::string_view("0123456789").substr(sizeof(T), 1));
    } else if constexpr (std::is_same_v<T, std::string>) {
      say("text");
    } else if constexpr (StateMap<T>) {
      say("map");
      add(typename T::key_type{});
      add(typename T::mapped_type{});
    } else if constexpr (kIsSortedList<T>) {
      say("sorted");
      add(std::remove_cvref_t<decltype(value.front())>{});
    } else if constexpr (StateSequence<T>) {
      say("list");
      add(typename T::value_type{});
    } else if constexpr (kIsSharedConst<T>) {
      say("shared");
      add(std::remove_const_t<typename T::element_type>{});
    } else if constexpr (StateOptional<T>) {
      say(value.has_value() ? "there" : "maybe");
      if (value.has_value()) add(*value);
    } else if constexpr (StateTuple<T>) {
      say("tuple");
      if constexpr (requires { value.size(); }) {
        say(std::to_string(value.size()));
        add(value.front());
      } else {
        std::apply(*this, value);
      }
    } else {
      say("(");
      if constexpr (NamesMembers<T>) {
        T::members(value, *this);
      } else {
        all_members(value, *this);
      }
      say(")");
    }
  }
  // FNV-1a.
  void say(std::string_view word) {
    for (const char c : word) hash_ = (hash_ ^ static_cast<uint8_t>(c)) * 1099511628211U;
    hash_ = (hash_ ^ 0xff) * 1099511628211U;
  }

  uint64_t hash_ = 14695981039346656037U + kStateVersion;
};

template <class T>
uint64_t layout_of_state(const T& object) {
  StateLayout layout;
  T::members(object, layout);
  return layout.hash();
}

// ---- Writing -----------------------------------------------------------------------------------

class StateWriter {
 public:
  /// An object that names its members, after its layout.
  template <NamesMembers T>
  void object(const T& object) {
    put(layout_of_state(object));
    T::members(object, *this);
  }
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_same_v<T, const JobSpec*>) {
      put(value == nullptr ? JobId{} : value->id);
    } else if constexpr (std::is_same_v<T, bool>) {
      put(static_cast<uint8_t>(value));
    } else if constexpr (std::is_enum_v<T>) {
      put(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::is_same_v<T, double>) {
      put(std::bit_cast<uint64_t>(value));
    } else if constexpr (std::is_integral_v<T>) {
      auto rest = static_cast<std::make_unsigned_t<T>>(value);
      char text[sizeof(T)];
      for (char& byte : text) {
        byte = static_cast<char>(rest & 0xff);
        if constexpr (sizeof(T) > 1) rest >>= 8;
      }
      bytes_.append(text, sizeof text);
    } else if constexpr (std::is_same_v<T, std::string>) {
      put(static_cast<uint64_t>(value.size()));
      bytes_ += value;
    } else if constexpr (StateMap<T> || kIsSortedList<T>) {
      put(static_cast<uint64_t>(value.size()));
      for (const auto& one : value) put(one);
    } else if constexpr (StateSequence<T>) {
      put(static_cast<uint64_t>(value.size()));
      for (const typename T::value_type& one : value) put(one);
    } else if constexpr (kIsSharedConst<T>) {
      put(value != nullptr);
      if (value != nullptr) put(*value);
    } else if constexpr (StateOptional<T>) {
      put(value.has_value());
      if (value.has_value()) put(*value);
    } else if constexpr (StateTuple<T>) {
      if constexpr (requires { value.size(); }) {
        for (const auto& one : value) put(one);
      } else {
        std::apply(*this, value);
      }
    } else if constexpr (NamesMembers<T>) {
      T::members(value, *this);
    } else {
      all_members(value, *this);
    }
  }

  std::string bytes_;
};

// ---- Reading -----------------------------------------------------------------------------------

/// Any bytes are safe: those that are no state, or one of another layout, are an InputError that
/// names `where`.
class StateReader {
 public:
  /// Asked for the spec of a job by its number; null when there is none.
  using SpecOf = std::function<const JobSpec*(JobId)>;

  /// `bytes` must outlive the reader.
  StateReader(std::string_view bytes, std::string where, SpecOf spec_of)
      : rest_(bytes), size_(bytes.size()), where_(std::move(where)), spec_of_(std::move(spec_of)) {}

  /// Requires: an object made as the one that was written was made.
  template <NamesMembers T>
  void object(T& object) {
    uint64_t layout = 0;
    get(layout);
    if (layout != layout_of_state(object)) refuse_layout();
    T::members(object, *this);
  }
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  /// To be called after the last object.
  void finish() const { require(rest_.empty(), "the end of the state"); }
  /// Throws InputError unless `good`.
  void require(bool good, const char* expected) const {
    if (!good) fail(expected);
  }

 private:
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, const JobSpec*>) {
      JobId id;
      get(id);
      value = id.valid() ? spec_of_(id) : nullptr;
      require(!id.valid() || value != nullptr, "a job that is known");
    } else if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = 0;
      get(byte);
      require(byte <= 1, "0 or 1");
      value = byte == 1;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      get(number);
      value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, double>) {
      uint64_t bits = 0;
      get(bits);
      value = std::bit_cast<double>(bits);
    } else if constexpr (std::is_integral_v<T>) {
      const std::string_view text = next(sizeof(T));
      std::make_unsigned_t<T> number = 0;
      for (size_t i = 0; i < sizeof(T); ++i) {
        const auto byte = static_cast<std::make_unsigned_t<T>>(static_cast<uint8_t>(text[i]));
        number = static_cast<std::make_unsigned_t<T>>(number | byte << (8 * i));
      }
      value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = next(count());
    } else {
      get_compound(value);
    }
  }
  template <class T>
  void get_compound(T& value) {
    if constexpr (StateMap<T>) {
      value.clear();
      for (uint64_t left = count(); left > 0; --left) {
        std::pair<typename T::key_type, typename T::mapped_type> one;
        get(one);
        require(value.empty() || !(one.first < value.rbegin()->first), "keys in their order");
        value.emplace_hint(value.end(), std::move(one));
      }
    } else if constexpr (kIsSortedList<T>) {
      value = {};
      for (uint64_t left = count(); left > 0; --left) {
        std::remove_cvref_t<decltype(value.front())> one;
        get(one);
        require(value.empty() || value.back() < one, "values in their order");
        value.insert(one);
      }
    } else if constexpr (StateSequence<T>) {
      value.clear();
      for (uint64_t left = count(); left > 0; --left) {
        typename T::value_type one{};
        get(one);
        value.push_back(std::move(one));
      }
    } else if constexpr (kIsSharedConst<T>) {
      bool there = false;
      get(there);
      auto fresh = std::make_shared<std::remove_const_t<typename T::element_type>>();
      if (there) get(*fresh);
      value = there ? fresh : nullptr;
    } else if constexpr (StateOptional<T>) {
      bool there = false;
      get(there);
      if constexpr (std::is_default_constructible_v<typename T::value_type>) {
        value.reset();
        if (there) value.emplace();
      }
      require(there == value.has_value(), "what the configuration has");
      if (there) get(*value);
    } else if constexpr (StateTuple<T>) {
      if constexpr (requires { value.size(); }) {
        for (auto& one : value) get(one);
      } else {
        std::apply(*this, value);
      }
    } else if constexpr (NamesMembers<T>) {
      T::members(value, *this);
    } else {
      all_members(value, *this);
    }
  }

  std::string_view next(uint64_t size) {
    require(size <= rest_.size(), "more bytes");
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  // Of values that follow, each of which has a byte at least.
  uint64_t count() {
    uint64_t count = 0;
    get(count);
    require(count <= rest_.size(), "no more values than there are bytes");
    return count;
  }
  [[noreturn]] void fail(const char* expected) const;
  [[noreturn]] void refuse_layout() const;

  std::string_view rest_;
  size_t size_;
  std::string where_;
  SpecOf spec_of_;
};

}  // namespace orrery
