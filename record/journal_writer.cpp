#include <cstring>
#include <zstd.h>

#include "actors/check.hpp"
#include "record/journal.hpp"
#include "record/journal_codec.hpp"

namespace orrery::record {

namespace {

void append_u32(std::string& bytes, size_t value) {
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

std::string_view view(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

struct JournalWriter::Packed {
  msgpack::sbuffer buffer;
  JournalPacker packer{buffer};
};

JournalWriter::JournalWriter(const std::filesystem::path& file, const JournalHeader& header)
    : out_(std::make_unique<OutputFile>(file, OutputFile::Naming::kAtOnce)),
      packed_(std::make_unique<Packed>()) {
  begin(header);
}

void JournalWriter::begin(const JournalHeader& header) {
  out_->write(kJournalMagic);
  tail_.bytes = kJournalMagic.size();
  JournalPacker& packer = packed_->packer;
  packer.pack_map(header.began_ns == 0 ? 6 : 7);
  packer.pack("schema");
  packer.pack(kJournalSchema);
  packer.pack("layout");
  packer.pack(journal_layout());
  packer.pack("seed");
  packer.pack(header.seed);
  packer.pack("version");
  packer.pack(header.version);
  packer.pack("scenario");
  packer.pack(header.scenario);
  packer.pack("runtime");
  packer.pack(header.runtime);
  if (header.began_ns != 0) {
    packer.pack("began_ns");
    packer.pack(header.began_ns);
  }
  flush();
}

JournalWriter::JournalWriter(const std::filesystem::path& file, const JournalTail& tail)
    : out_(std::make_unique<OutputFile>(file, tail.bytes)),
      packed_(std::make_unique<Packed>()),
      tail_(tail) {}

JournalWriter::~JournalWriter() = default;

void JournalWriter::begin_entry(Instant at, ActorId actor, uint32_t kind) {
  JournalPacker& out = packed_->packer;
  out.pack_array(4);
  encode(out, at);
  encode(out, actor);
  out.pack(kind);
}

void JournalWriter::end_entry() {
  if (packed_->buffer.size() >= kJournalBlockBytes) write_block();
}

void JournalWriter::job(Instant at, JobId id, std::string_view description) {
  begin_entry(at, kController, static_cast<uint32_t>(EntryKind::kJob));
  JournalPacker& out = packed_->packer;
  out.pack_array(2);
  encode(out, id);
  out.pack_str(static_cast<uint32_t>(description.size()));
  out.pack_str_body(description.data(), static_cast<uint32_t>(description.size()));
  end_entry();
}

void JournalWriter::input(Instant at, ActorId actor, const Input& input) {
  begin_entry(at, actor, static_cast<uint32_t>(input.index()));
  JournalPacker& out = packed_->packer;
  if (const auto* delivery = std::get_if<Delivery>(&input)) {
    out.pack_array(3);
    encode(out, delivery->from);
    out.pack(static_cast<uint32_t>(delivery->message.index()));
    std::visit([&](const auto& message) { encode(out, message); }, delivery->message);
  } else if (const auto* expiry = std::get_if<Expiry>(&input)) {
    out.pack(uint32_t{expiry->timer});
  } else {
    const auto& report = std::get<Report>(input);
    out.pack_array(2);
    out.pack(static_cast<uint32_t>(report.index()));
    std::visit([&](const auto& message) { encode(out, message); }, report);
  }
  end_entry();
}

void JournalWriter::decision(Instant at, ActorId actor, const Decision& decision) {
  begin_entry(at, actor, static_cast<uint32_t>(EntryKind::kDecision));
  JournalPacker& out = packed_->packer;
  out.pack_array(8);
  encode(out, decision.spec);
  encode(out, decision.kind);
  encode(out, decision.reason.code);
  encode(out, decision.reason.a);
  encode(out, decision.reason.b);
  encode(out, decision.epoch);
  encode(out, decision.tasks);
  encode(out, decision.nodes);
  end_entry();
}

void JournalWriter::write_block() {
  std::string_view raw{packed_->buffer.data(), packed_->buffer.size()};
  ORRERY_CHECK(raw.size() <= kJournalMostBytes, "a journal's block is too large to be read");
  std::string payload(ZSTD_compressBound(raw.size()), '\0');
  // Level 1: journals are written while the run goes on.
  size_t size = ZSTD_compress(payload.data(), payload.size(), raw.data(), raw.size(), 1);
  ORRERY_CHECK(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
  payload.resize(size);
  std::string block;
  append_u32(block, payload.size());
  append_u32(block, raw.size());
  block += view(tail_.previous);
  Sha256 check;
  check.add(block);
  block += view(check.finish()).substr(0, 8);
  block += payload;
  Sha256 all;
  all.add(block);
  tail_.previous = all.finish();
  block += view(tail_.previous);
  out_->write(block);
  tail_.bytes += block.size();
  packed_->buffer.clear();
}

void JournalWriter::flush() {
  if (packed_->buffer.size() > 0) write_block();
  out_->flush();
}

void JournalWriter::sync() {
  flush();
  out_->sync();
}

void JournalWriter::begin_segment(const std::filesystem::path& file, const JournalHeader& header) {
  // First, so that a failure changes nothing: an empty file counts as none.
  auto next = std::make_unique<OutputFile>(file, OutputFile::Naming::kAtOnce);
  flush();
  write_block();
  out_->flush();
  out_->sync();
  out_->commit();
  out_ = std::move(next);
  ++tail_.segment;
  begin(header);
}

void JournalWriter::close() {
  flush();
  write_block();
  out_->commit();
}

}  // namespace orrery::record
