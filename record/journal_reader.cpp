#include <algorithm>
#include <cstring>
#include <zstd.h>

#include "actors/error.hpp"
#include "record/journal.hpp"
#include "record/journal_codec.hpp"

namespace orrery::record {

namespace {

constexpr size_t kHeadBytes = 4 + 4 + 32 + 8;
constexpr size_t kHashBytes = 32;

size_t read_u32(std::string_view bytes) {
  size_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= size_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return value;
}

bool same(std::string_view bytes, const Hash& hash) {
  return std::memcmp(bytes.data(), hash.data(), bytes.size()) == 0;
}

Hash hash_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

// Nothing that a journal holds is deeper or longer; keeps hostile bytes from taking memory.
msgpack::unpack_limit limits() { return {8, 8, kJournalMostBytes, 0, 0, 8}; }

Decision decode_decision(const msgpack::object& from, const Decoder& decoder) {
  const msgpack::object* values = Decoder::array(from, 8);
  Decision decision;
  decoder.decode(values[0], decision.spec);
  decoder.decode(values[1], decision.kind);
  decoder.decode(values[2], decision.reason.code);
  decoder.decode(values[3], decision.reason.a);
  decoder.decode(values[4], decision.reason.b);
  decoder.decode(values[5], decision.epoch);
  decoder.decode(values[6], decision.tasks);
  decoder.decode(values[7], decision.nodes);
  return decision;
}

void decode_entry(const msgpack::object& from, const Decoder& decoder, JournalEntry& entry) {
  const msgpack::object* values = Decoder::array(from, 4);
  decoder.decode(values[0], entry.at);
  decoder.decode(values[1], entry.actor);
  entry.decision.reset();
  entry.job.reset();
  switch (static_cast<EntryKind>(values[2].as<uint32_t>())) {
    case EntryKind::kDelivery: {
      const msgpack::object* mail = Decoder::array(values[3], 3);
      Delivery delivery;
      decoder.decode(mail[0], delivery.from);
      decoder.decode_choice(mail[1].as<uint32_t>(), mail[2], delivery.message);
      entry.input = delivery;
      return;
    }
    case EntryKind::kExpiry: entry.input = Expiry{values[3].as<uint8_t>()}; return;
    case EntryKind::kReport: {
      const msgpack::object* parts = Decoder::array(values[3], 2);
      Report report;
      decoder.decode_choice(parts[0].as<uint32_t>(), parts[1], report);
      entry.input = report;
      return;
    }
    case EntryKind::kDecision: entry.decision = decode_decision(values[3], decoder); return;
    case EntryKind::kJob: {
      const msgpack::object* parts = Decoder::array(values[3], 2);
      decoder.decode(parts[0], entry.job_id);
      entry.job = parts[1].as<std::string>();
      return;
    }
  }
  throw BadField("a kind of entry below 5");
}

}  // namespace

struct JournalReader::Block {
  std::string raw;
  size_t at = 0;
};

JournalReader::JournalReader(std::string bytes, std::string file,
                             std::shared_ptr<const Workload> workload)
    : JournalReader(std::move(bytes), std::move(file),
                    [workload = std::move(workload)](JobId id) -> const JobSpec* {
                      bool there = workload != nullptr && id.index < workload->size();
                      return there ? &workload->specs[id.index] : nullptr;
                    }) {}

JournalReader::JournalReader(std::string bytes, std::string file, SpecOf spec_of, uint32_t segment)
    : bytes_(std::move(bytes)),
      file_(std::move(file)),
      spec_of_(std::move(spec_of)),
      unpacked_(std::make_unique<Block>()) {
  std::string_view magic = kJournalMagic.substr(0, bytes_.size());
  if (!std::string_view(bytes_).starts_with(magic)) {
    fail("the first bytes of a journal", "something else");
  }
  at_ = magic.size();
  tail_.segment = segment;
  if (segment > 0 && bytes_.size() >= at_ + kHeadBytes) {
    std::memcpy(previous_.data(), bytes_.data() + at_ + 8, previous_.size());
  }
  follows_ = previous_;
  if (read_block()) read_header();
}

JournalReader::~JournalReader() = default;

void JournalReader::fail(const char* expected, std::string found) const {
  throw InputError({.where = file_,
                    .expected = expected,
                    .found = std::move(found) + " in the block at byte " + std::to_string(block_),
                    .hint = "the journal was changed or damaged after it was written"});
}

// Checks and unpacks the block at at_. False, with cut_off_ set, where it is not whole.
bool JournalReader::read_block() {
  block_ = at_;
  std::string_view rest = std::string_view(bytes_).substr(at_);
  cut_off_ = true;
  if (rest.size() < kHeadBytes) return false;
  if (!same(rest.substr(40, 8), hash_of(rest.substr(0, 40)))) {
    fail("sizes that match their check", "others");
  }
  if (!same(rest.substr(8, 32), previous_)) {
    fail("the hash of the block before", "another");
  }
  size_t packed = read_u32(rest);
  size_t raw = read_u32(rest.substr(4));
  if (raw > kJournalMostBytes) fail("a block of at most 64 MiB", std::to_string(raw) + " bytes");
  if (rest.size() - kHeadBytes < packed + kHashBytes) return false;
  previous_ = hash_of(rest.substr(0, kHeadBytes + packed));
  if (!same(rest.substr(kHeadBytes + packed, kHashBytes), previous_)) {
    fail("bytes that match their hash", "others");
  }
  unpacked_->raw.resize(raw);
  unpacked_->at = 0;
  size_t size = ZSTD_decompress(unpacked_->raw.data(), raw, rest.data() + kHeadBytes, packed);
  if (ZSTD_isError(size) != 0 || size != raw) {
    fail("a zstd frame of the size given", ZSTD_getErrorName(size));
  }
  at_ += kHeadBytes + packed + kHashBytes;
  if (raw > 0) tail_ = {tail_.segment, at_, previous_};
  cut_off_ = false;
  return true;
}

void JournalReader::read_header() {
  try {
    auto handle = msgpack::unpack(
        unpacked_->raw.data(), unpacked_->raw.size(), unpacked_->at,
        [](msgpack::type::object_type, size_t, void*) { return true; }, nullptr, limits());
    const msgpack::object& map = handle.get();
    if (map.type != msgpack::type::MAP) throw BadField("a map");
    uint32_t schema = 0;
    std::string layout;
    for (uint32_t i = 0; i < map.via.map.size; ++i) {
      const auto& [key, value] = map.via.map.ptr[i];
      auto name = key.as<std::string>();
      if (name == "schema") schema = value.as<uint32_t>();
      if (name == "layout") layout = value.as<std::string>();
      if (name == "seed") header_.seed = value.as<uint64_t>();
      if (name == "version") header_.version = value.as<std::string>();
      if (name == "scenario") header_.scenario = value.as<std::string>();
      if (name == "runtime") header_.runtime = value.as<std::string>();
      if (name == "began_ns") header_.began_ns = value.as<int64_t>();
    }
    if (schema != kJournalSchema || layout != journal_layout()) {
      throw InputError({.where = file_,
                        .expected = "a journal of the messages that this version knows",
                        .found = "one of Orrery " + header_.version,
                        .hint = "replay it with the version that wrote it"});
    }
  } catch (const msgpack::unpack_error& error) {
    fail("a header", error.what());
  } catch (const msgpack::type_error& error) {
    fail("a header", error.what());
  } catch (const BadField& error) {
    fail("a header", std::string("not ") + error.what());
  }
}

void JournalReader::skip_to(const JournalTail& from) {
  const size_t hash_at = from.bytes - std::min(from.bytes, kHashBytes);
  const bool there = from.segment == tail_.segment && from.bytes >= at_ &&
                     from.bytes <= bytes_.size() &&
                     same(std::string_view(bytes_).substr(hash_at, kHashBytes), from.previous);
  if (!there) {
    throw InputError({.where = file_,
                      .expected = "a block that ends at byte " + std::to_string(from.bytes) +
                                  " with the hash that the snapshot has",
                      .found = from.bytes > bytes_.size() ? "a shorter journal" : "another",
                      .hint = "the snapshot is of another journal, or this one was cut off; go on "
                              "from an earlier snapshot"});
  }
  at_ = from.bytes;
  previous_ = from.previous;
  tail_ = from;
  unpacked_->raw.clear();
  unpacked_->at = 0;
  cut_off_ = false;
}

bool JournalReader::at_block_end() const { return unpacked_->at >= unpacked_->raw.size(); }

bool JournalReader::next(JournalEntry& entry) {
  while (unpacked_->at >= unpacked_->raw.size()) {
    if (closed_ || cut_off_) return false;
    if (!read_block()) return false;
    if (unpacked_->raw.empty()) {
      closed_ = true;
      if (at_ != bytes_.size()) fail("the end of the file after the last block", "more");
      return false;
    }
  }
  try {
    auto handle = msgpack::unpack(
        unpacked_->raw.data(), unpacked_->raw.size(), unpacked_->at,
        [](msgpack::type::object_type, size_t, void*) { return true; }, nullptr, limits());
    decode_entry(handle.get(), Decoder{spec_of_}, entry);
  } catch (const msgpack::unpack_error& error) {
    fail("an entry", error.what());
  } catch (const msgpack::type_error& error) {
    fail("an entry", error.what());
  } catch (const BadField& error) {
    fail("an entry", std::string("not ") + error.what());
  }
  return true;
}

}  // namespace orrery::record
