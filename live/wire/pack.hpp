// Structs to msgpack maps, by their Schema. For .cpp files: msgpack's headers are heavy.
#pragma once

// The library's own helpers would otherwise pull in Boost.
#define MSGPACK_NO_BOOST
#include <cstdint>
#include <memory>
#include <msgpack/pack.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "actors/check.hpp"
#include "live/wire/catalogue.hpp"
#include "live/wire/schema.hpp"

namespace orrery::live {

/// What msgpack::packer writes into.
struct PackBuffer {
  std::string bytes;
  void write(const char* data, size_t size) { bytes.append(data, size); }
};
using Packer = msgpack::packer<PackBuffer>;

/// Which specs need not be sent; nullptr: each is.
struct PackContext {
  KnownSpecs* known = nullptr;
};

inline void pack_text(Packer& out, std::string_view text) {
  out.pack_str(static_cast<uint32_t>(text.size()));
  out.pack_str_body(text.data(), static_cast<uint32_t>(text.size()));
}

/// In the fewest bytes.
template <class T>
requires std::is_integral_v<T>
void pack_number(Packer& out, T value) {
  if constexpr (std::is_signed_v<T>) {
    out.pack_int64(value);
  } else {
    out.pack_uint64(value);
  }
}

template <class T>
concept HasSchema = requires {
  Schema<T>::kNames;
};

template <HasSchema T>
void pack_struct(Packer& out, const T& value, PackContext& context);

template <class T>
requires std::is_integral_v<T>
void pack_value(Packer& out, T value, PackContext& /*context*/) { pack_number(out, value); }
template <class Enum>
requires std::is_enum_v<Enum>
void pack_value(Packer& out, Enum value, PackContext& /*context*/) {
  pack_text(out, EnumWords<Enum>::kWords[static_cast<size_t>(value)]);
}
inline void pack_value(Packer& out, JobId id, PackContext& /*context*/) {
  pack_number(out, id.index);
}
inline void pack_value(Packer& out, NodeId id, PackContext& /*context*/) {
  pack_number(out, id.index);
}
inline void pack_value(Packer& out, Instant at, PackContext& /*context*/) {
  pack_number(out, at.ns);
}
inline void pack_value(Packer& out, Duration d, PackContext& /*context*/) {
  pack_number(out, d.ns);
}
inline void pack_value(Packer& out, const std::string& text, PackContext& /*context*/) {
  pack_text(out, text);
}
inline void pack_value(Packer& out, const std::vector<JobId>& jobs, PackContext& /*context*/) {
  out.pack_array(static_cast<uint32_t>(jobs.size()));
  for (JobId job : jobs) pack_number(out, job.index);
}
inline void pack_value(Packer& out, const std::vector<std::string>& texts,
                       PackContext& /*context*/) {
  out.pack_array(static_cast<uint32_t>(texts.size()));
  for (const std::string& text : texts) pack_text(out, text);
}
inline void pack_value(Packer& out, const std::shared_ptr<const Launch>& launch,
                       PackContext& context);
template <HasSchema T>
void pack_value(Packer& out, const T& value, PackContext& context) {
  pack_struct(out, value, context);
}
inline void pack_value(Packer& out, const JobSpec* spec, PackContext& context) {
  ORRERY_CHECK(spec != nullptr, "mail about no job");
  if (context.known != nullptr && context.known->has(spec->id)) {
    pack_number(out, spec->id.index);
    return;
  }
  pack_struct(out, *spec, context);
  if (context.known != nullptr) context.known->add(spec->id);
}
inline void pack_actor(Packer& out, ActorId actor) {
  out.pack_array(2);
  pack_number(out, actor.place);
  pack_number(out, actor.serial);
}

template <HasSchema T>
void pack_struct(Packer& out, const T& value, PackContext& context) {
  out.pack_map(static_cast<uint32_t>(Schema<T>::kNames.size()));
  size_t next = 0;
  std::apply(
      [&](auto... member) {
        ((pack_text(out, Schema<T>::kNames[next++].name), pack_value(out, value.*member, context)),
         ...);
      },
      Schema<T>::kMembers);
}

inline void pack_value(Packer& out, const std::shared_ptr<const Launch>& launch,
                       PackContext& context) {
  if (launch == nullptr) {
    out.pack_nil();
  } else {
    pack_struct(out, *launch, context);
  }
}

}  // namespace orrery::live
