// How messages become msgpack and back: arrays of the members that their kFields list.
//
// For the journal's .cpp files only: msgpack's headers are heavy.
#pragma once

#define MSGPACK_NO_BOOST
#include <cstdint>
#include <functional>
#include <msgpack.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "actors/actor.hpp"
#include "actors/notes.hpp"
#include "actors/workload.hpp"

namespace orrery::record {

inline constexpr uint32_t kJournalSchema = 2;
/// What an entry of a journal is.
enum class EntryKind : uint32_t { kDelivery, kExpiry, kReport, kDecision, kJob };
inline constexpr std::string_view kJournalMagic = "ORRERYJ1";
/// A block is written when it has grown to this.
inline constexpr size_t kJournalBlockBytes = 1024 * 1024;
/// A block that claims more is refused.
inline constexpr size_t kJournalMostBytes = 64 * 1024 * 1024;

using JournalPacker = msgpack::packer<msgpack::sbuffer>;

/// A value that msgpack holds well and the field cannot be.
struct BadField : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class T>
concept HasFields = requires {
  T::kFields;
};

// ---- Values ----------------------------------------------------------------------------------

template <class T>
requires std::is_integral_v<T>
void encode(JournalPacker& out, T value) { out.pack(value); }
template <class T>
requires std::is_enum_v<T>
void encode(JournalPacker& out, T value) { out.pack(static_cast<uint64_t>(value)); }
inline void encode(JournalPacker& out, JobId id) { out.pack(id.index); }
inline void encode(JournalPacker& out, NodeId id) { out.pack(id.index); }
inline void encode(JournalPacker& out, Instant at) { out.pack(at.ns); }
inline void encode(JournalPacker& out, Duration d) { out.pack(d.ns); }
inline void encode(JournalPacker& out, const JobSpec* spec) { encode(out, spec->id); }
inline void encode(JournalPacker& out, GpuSet gpus) {
  out.pack_array(2);
  out.pack(gpus.mask);
  out.pack(gpus.milli);
}
inline void encode(JournalPacker& out, ActorId actor) {
  out.pack_array(2);
  out.pack(actor.place);
  out.pack(actor.serial);
}
template <HasFields T>
void encode(JournalPacker& out, const T& message) {
  out.pack_array(static_cast<uint32_t>(std::tuple_size_v<decltype(T::kFields)>));
  std::apply([&](auto... member) { (encode(out, message.*member), ...); }, T::kFields);
}

/// Gives job numbers back their specs.
struct Decoder {
  const std::function<const JobSpec*(JobId)>& spec_of;

  static const msgpack::object* array(const msgpack::object& from, size_t size) {
    if (from.type != msgpack::type::ARRAY || from.via.array.size != size) {
      throw BadField("an array of " + std::to_string(size));
    }
    return from.via.array.ptr;
  }

  template <class T>
  requires std::is_integral_v<T>
  void decode(const msgpack::object& from, T& value) const { value = from.as<T>(); }
  void decode(const msgpack::object& from, StopMode& value) const {
    decode_enum(from, value, StopMode::kShrink);
  }
  void decode(const msgpack::object& from, ExitCause& value) const {
    decode_enum(from, value, ExitCause::kNodeLost);
  }
  void decode(const msgpack::object& from, DecisionKind& value) const {
    decode_enum(from, value, DecisionKind::kRequeue);
  }
  void decode(const msgpack::object& from, ReasonCode& value) const {
    decode_enum(from, value, ReasonCode::kTooManyFailures);
  }
  void decode(const msgpack::object& from, JobId& id) const { id.index = from.as<uint32_t>(); }
  void decode(const msgpack::object& from, NodeId& id) const { id.index = from.as<uint32_t>(); }
  void decode(const msgpack::object& from, Instant& at) const { at.ns = from.as<int64_t>(); }
  void decode(const msgpack::object& from, Duration& d) const { d.ns = from.as<int64_t>(); }
  void decode(const msgpack::object& from, const JobSpec*& spec) const {
    JobId id{from.as<uint32_t>()};
    spec = spec_of(id);
    if (spec == nullptr) throw BadField("a job of the workload, but " + std::to_string(id.index));
  }
  void decode(const msgpack::object& from, GpuSet& gpus) const {
    const msgpack::object* values = array(from, 2);
    gpus.mask = values[0].as<uint32_t>();
    gpus.milli = values[1].as<uint16_t>();
  }
  void decode(const msgpack::object& from, ActorId& actor) const {
    const msgpack::object* values = array(from, 2);
    actor.place = values[0].as<uint32_t>();
    actor.serial = values[1].as<uint32_t>();
  }
  template <HasFields T>
  void decode(const msgpack::object& from, T& message) const {
    const msgpack::object* values = array(from, std::tuple_size_v<decltype(T::kFields)>);
    std::apply([&](auto... member) { (decode(*values++, message.*member), ...); }, T::kFields);
  }
  /// The alternative of a variant by its index.
  template <class Variant, size_t I = 0>
  void decode_choice(size_t choice, const msgpack::object& from, Variant& out) const {
    if constexpr (I == std::variant_size_v<Variant>) {
      throw BadField("a message number below " + std::to_string(I));
    } else if (choice == I) {
      decode(from, out.template emplace<I>());
    } else {
      decode_choice<Variant, I + 1>(choice, from, out);
    }
  }

 private:
  template <class Enum>
  static void decode_enum(const msgpack::object& from, Enum& value, Enum last) {
    auto number = from.as<uint64_t>();
    if (number > static_cast<uint64_t>(last)) throw BadField("a lower number for an enumeration");
    value = static_cast<Enum>(number);
  }
};

/// The names of all messages and how many members each has: what must not have changed for a
/// journal to be read.
template <class Variant, size_t... I>
std::string layout_of(std::index_sequence<I...>) {
  std::string text;
  auto add = [&]<class T>(std::type_identity<T>) {
    text +=
        std::string(T::kName) + "/" + std::to_string(std::tuple_size_v<decltype(T::kFields)>) + " ";
  };
  (add(std::type_identity<std::variant_alternative_t<I, Variant>>{}), ...);
  return text;
}
template <class Variant>
std::string layout_of() {
  return layout_of<Variant>(std::make_index_sequence<std::variant_size_v<Variant>>{});
}
inline std::string journal_layout() { return layout_of<Message>() + "| " + layout_of<Report>(); }

}  // namespace orrery::record
