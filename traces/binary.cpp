#include "traces/binary.hpp"

#include <array>
#include <bit>
#include <utility>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "actors/error.hpp"

namespace orrery::traces {

void Packer::number(uint64_t value) {
  while (value >= 0x80) {
    bytes_ += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

void Packer::signed_number(int64_t value) {
  number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

void Packer::real(double value) {
  auto bits = std::bit_cast<uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) bytes_ += static_cast<char>(bits);
}

void Packer::text(std::string_view value) {
  number(value.size());
  bytes_ += value;
}

uint64_t Unpacker::number() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (left_.empty()) break;
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return damage();
}

uint64_t Unpacker::number_to(uint64_t most) {
  const uint64_t value = number();
  return value <= most ? value : damage();
}

size_t Unpacker::count() {
  const uint64_t value = number();
  return value <= left_.size() ? value : damage();
}

uint64_t Unpacker::damage() {
  damaged_ = true;
  left_ = {};
  return 0;
}

int64_t Unpacker::signed_number() {
  const uint64_t value = number();
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

double Unpacker::real() {
  if (left_.size() < 8) return std::bit_cast<double>(damage());
  uint64_t bits = 0;
  for (size_t i = 8; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(left_[i]);
  left_.remove_prefix(8);
  return std::bit_cast<double>(bits);
}

std::string Unpacker::text() {
  const size_t length = count();
  std::string value(left_.substr(0, length));
  left_.remove_prefix(length);
  return value;
}

namespace {

void put_u32(std::string& out, uint32_t value) {
  for (int i = 0; i < 4; ++i, value >>= 8) out += static_cast<char>(value);
}

uint32_t crc_of(std::string_view content) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
}

}  // namespace

std::string binary_start() {
  std::string start(kBinaryMagic);
  put_u32(start, kBinaryVersion);
  return start;
}

std::string binary_block(BlockKind kind, std::string_view content) {
  std::string stored(ZSTD_compressBound(content.size()), '\0');
  constexpr int kLevel = 3;
  const size_t size =
      ZSTD_compress(stored.data(), stored.size(), content.data(), content.size(), kLevel);
  if (ZSTD_isError(size) != 0) {
    throw EnvironmentError(std::string("zstd cannot compress: ") + ZSTD_getErrorName(size));
  }
  std::string block;
  put_u32(block, static_cast<uint32_t>(kind));
  put_u32(block, static_cast<uint32_t>(content.size()));
  put_u32(block, static_cast<uint32_t>(size));
  put_u32(block, crc_of(content));
  return block.append(stored, 0, size);
}

namespace {

/// Blocks are written at about 1 MiB; a larger claim than this is damage, not data.
constexpr uint32_t kMostBlock = 64U << 20;

class BinaryReader {
 public:
  BinaryReader(std::unique_ptr<ByteSource> source, std::string name, ReadReport& report)
      : source_(std::move(source)), name_(std::move(name)), report_(report) {}

  Workload read() {
    take_start();
    uint64_t jobs = 0;
    bool tables = false;
    while (true) {
      const BlockKind kind = take_block();
      Unpacker in(content_);
      if (kind == BlockKind::kTables && !tables) {
        take_tables(in);
        tables = true;
      } else if (kind == BlockKind::kJobs && tables) {
        while (!in.done()) take_job(in);
      } else if (kind == BlockKind::kEnd) {
        jobs = in.number();
      } else {
        fail("a block of names, then jobs, then the end", "another order");
      }
      if (in.damaged() || !in.done()) fail("the content of a block", "other bytes");
      if (kind == BlockKind::kEnd) break;
    }
    if (jobs != workload_.size()) {
      fail(std::to_string(jobs) + " jobs", std::to_string(workload_.size()));
    }
    char extra = 0;
    if (source_->read(&extra, 1) != 0) fail("the end of the file behind the last block", "more");
    report_.bytes = position_;
    report_.rows = jobs;
    if (jobs == 0) fail("at least one job", "none");
    const std::string fault = fault_of(workload_);
    if (!fault.empty()) fail("a valid workload", fault);
    return std::move(workload_);
  }

 private:
  [[noreturn]] void fail(std::string expected, std::string found, std::string hint = "") const {
    throw InputError({.where = name_,
                      .expected = std::move(expected),
                      .found = std::move(found),
                      .hint = std::move(hint)});
  }

  void take_bytes(char* into, size_t size) {
    const size_t got = source_->read(into, size);
    position_ += got;
    if (got < size) {
      fail("a whole file in Orrery's binary format",
           "one truncated after " + std::to_string(position_) + " bytes",
           "the file is cut short; write it again");
    }
  }

  uint32_t take_u32() {
    std::array<char, 4> bytes{};
    take_bytes(bytes.data(), bytes.size());
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  void take_start() {
    std::array<char, 8> magic{};
    take_bytes(magic.data(), magic.size());
    if (std::string_view(magic.data(), magic.size()) != kBinaryMagic) {
      fail("a file in Orrery's binary format", "another beginning");
    }
    version_ = take_u32();
    if (version_ < 1 || version_ > kBinaryVersion) {
      fail("version 1 to " + std::to_string(kBinaryVersion) + " of Orrery's binary format",
           "version " + std::to_string(version_), "import the trace anew with this version");
    }
  }

  BlockKind take_block() {
    const uint64_t at = position_;
    const uint32_t kind = take_u32();
    const uint32_t length = take_u32();
    const uint32_t stored = take_u32();
    const uint32_t crc = take_u32();
    if (kind < 1 || kind > 3 || length > kMostBlock || stored > kMostBlock) damaged(at);
    stored_.resize(stored);
    take_bytes(stored_.data(), stored);
    // What the frame itself says is checked first, so that nobody makes us reserve memory for it.
    if (ZSTD_getFrameContentSize(stored_.data(), stored) != length) damaged(at);
    content_.resize(length);
    const size_t got = ZSTD_decompress(content_.data(), length, stored_.data(), stored);
    if (ZSTD_isError(got) != 0 || got != length || crc_of(content_) != crc) damaged(at);
    return static_cast<BlockKind>(kind);
  }

  [[noreturn]] void damaged(uint64_t at) const {
    fail("an intact block", "a damaged one at byte " + std::to_string(at),
         "fetch or write the file again");
  }

  void take_tables(Unpacker& in) {
    for (auto* names :
         {&workload_.users, &workload_.groups, &workload_.queues, &workload_.gpu_types}) {
      names->clear();
      for (size_t left = in.count(); left > 0; --left) names->push_back(in.text());
    }
    workload_.speeds.clear();
    for (size_t left = in.count(); left > 0; --left) workload_.speeds.push_back(take_speed(in));
    workload_.machine_nodes = static_cast<uint32_t>(in.number_to(UINT32_MAX));
    workload_.machine_processors = static_cast<uint32_t>(in.number_to(UINT32_MAX));
    if (version_ < 2) return;
    workload_.kinds.clear();
    for (size_t left = in.count(); left > 0; --left) workload_.kinds.push_back(take_kind(in));
  }

  static SpeedModel take_speed(Unpacker& in) {
    SpeedModel model;
    model.kind = static_cast<SpeedModel::Kind>(in.number_to(255));
    model.serial = in.real();
    for (size_t points = in.count(); points > 0; --points) {
      const auto tasks = static_cast<uint32_t>(in.number_to(UINT32_MAX));
      model.table.emplace_back(tasks, in.real());
    }
    for (size_t types = in.count(); types > 0; --types) model.by_gpu_type.push_back(in.real());
    return model;
  }

  static JobKind take_kind(Unpacker& in) {
    JobKind kind;
    kind.name = in.text();
    kind.speed = take_speed(in);
    kind.gpu_busy = in.real();
    for (auto* numbers : {&kind.stages, &kind.beside}) {
      for (size_t left = in.count(); left > 0; --left) numbers->push_back(in.real());
    }
    return kind;
  }

  void take_job(Unpacker& in) {
    const auto u32 = [&in] { return static_cast<uint32_t>(in.number_to(UINT32_MAX)); };
    const auto i32 = [&in] { return static_cast<int32_t>(in.number_to(INT32_MAX)); };
    JobSpec& spec = workload_.specs.emplace_back();
    JobTruth& truth = workload_.truths.emplace_back();
    spec.id.index = static_cast<uint32_t>(workload_.specs.size() - 1);
    spec.name = in.text();
    spec.submit.ns = in.signed_number();
    spec.tasks = u32();
    spec.min_tasks = u32();
    spec.max_tasks = u32();
    spec.flexibility = static_cast<Flexibility>(in.number_to(255));
    spec.each.cpu_milli = in.signed_number();
    spec.each.memory_mib = in.signed_number();
    spec.each.gpus = i32();
    spec.each.gpu_milli = i32();
    spec.each.gpu_memory_mib = in.signed_number();
    spec.each.gpu_types = u32();
    spec.requested_time.ns = in.signed_number();
    spec.priority = static_cast<int32_t>(in.signed_number());
    spec.user = u32();
    spec.group = u32();
    spec.queue = u32();
    spec.think_time.ns = in.signed_number();
    for (size_t left = in.count(); left > 0; --left) spec.after.push_back({u32()});
    truth.run_time.ns = in.signed_number();
    truth.end = static_cast<TraceEnd>(in.number_to(255));
    truth.cancel_at.ns = in.signed_number();
    truth.speed = u32();
    if (version_ < 2) return;
    spec.deadline.ns = in.signed_number();
    spec.kind = u32();
  }

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  ReadReport& report_;
  Workload workload_;
  uint32_t version_ = 0;
  std::string stored_;
  std::string content_;
  uint64_t position_ = 0;
};

}  // namespace

Workload read_binary(std::unique_ptr<ByteSource> source, const std::string& name,
                     ReadReport& report) {
  return BinaryReader(std::move(source), name, report).read();
}

}  // namespace orrery::traces
