#include "record/snapshot.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <zstd.h>

#include "actors/check.hpp"
#include "actors/error.hpp"
#include "actors/state.hpp"
#include "record/sha256.hpp"

namespace orrery::record {

namespace {

constexpr std::string_view kMagic = "ORRERYS1";
constexpr std::string_view kPrefix = "snapshot-";
constexpr size_t kHeadBytes = kMagic.size() + 8 + 8;
constexpr size_t kHashBytes = 32;
/// A snapshot that claims more is refused.
constexpr uint64_t kMostBytes = uint64_t{16} << 30;

std::string hash_of(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  const Hash hash = sum.finish();
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

[[noreturn]] void fail(const std::string& file, const char* expected, std::string found) {
  throw InputError({.where = file,
                    .expected = expected,
                    .found = std::move(found),
                    .hint = "go on from an earlier snapshot, or from the journal's start"});
}

}  // namespace

std::string pack(const Snapshot& snapshot) {
  StateWriter state;
  state.object(snapshot);
  const std::string& raw = state.bytes();
  std::string payload(ZSTD_compressBound(raw.size()), '\0');
  // Level 1: a snapshot is written while the run goes on.
  const size_t size = ZSTD_compress(payload.data(), payload.size(), raw.data(), raw.size(), 1);
  ORRERY_CHECK(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
  payload.resize(size);
  StateWriter sizes;
  sizes(uint64_t{payload.size()}, uint64_t{raw.size()});
  std::string bytes(kMagic);
  bytes += sizes.bytes();
  bytes += payload;
  bytes += hash_of(bytes);
  return bytes;
}

Snapshot unpack_snapshot(std::string_view bytes, const std::string& file) {
  if (!bytes.starts_with(kMagic)) fail(file, "the first bytes of a snapshot", "something else");
  if (bytes.size() < kHeadBytes + kHashBytes) fail(file, "a whole snapshot", "a part of one");
  uint64_t packed = 0;
  uint64_t raw = 0;
  StateReader(bytes.substr(kMagic.size(), 16), file, nullptr)(packed, raw);
  if (packed != bytes.size() - kHeadBytes - kHashBytes) {
    fail(file, "a whole snapshot", std::to_string(bytes.size()) + " bytes");
  }
  const std::string_view hashed = bytes.substr(0, bytes.size() - kHashBytes);
  if (hash_of(hashed) != bytes.substr(hashed.size())) {
    fail(file, "bytes that match their hash", "others");
  }
  if (raw > kMostBytes) fail(file, "a state of at most 16 GiB", std::to_string(raw) + " bytes");
  std::string state(raw, '\0');
  const size_t size =
      ZSTD_decompress(state.data(), state.size(), bytes.data() + kHeadBytes, packed);
  if (ZSTD_isError(size) != 0 || size != raw) {
    fail(file, "a zstd frame of the size given", ZSTD_getErrorName(size));
  }
  Snapshot snapshot;
  StateReader reader(state, file, nullptr);
  reader.object(snapshot);
  reader.finish();
  return snapshot;
}

std::string snapshot_name(uint32_t number) { return std::string(kPrefix) + std::to_string(number); }

std::vector<uint32_t> snapshots_in(const std::filesystem::path& folder) {
  std::vector<uint32_t> numbers;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    uint32_t number = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + kPrefix.size(), end, number);
    if (read.ec == std::errc() && read.ptr == end) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<uint32_t> keep_newest_snapshots(const std::filesystem::path& folder, size_t count) {
  std::vector<uint32_t> numbers = snapshots_in(folder);
  while (numbers.size() > count) {
    std::error_code ignored;
    std::filesystem::remove(folder / snapshot_name(numbers.front()), ignored);
    numbers.erase(numbers.begin());
  }
  return numbers;
}

}  // namespace orrery::record
