// Where trace bytes come from: a file or memory, plain, gzip or zstd, told apart by their first
// bytes.
//
// Everything streams: at most a few hundred KiB of a file are in memory at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace orrery::traces {

/// A stream of bytes, read once from front to back.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads at most `room` bytes into `into`; fewer only at the end. Returns how many; 0: the end.
  /// Throws InputError when the file cannot be read, is damaged or cut short.
  virtual size_t read(char* into, size_t room) = 0;
};

/// Opens `path` and undoes its compression. Throws InputError when there is no such readable file.
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

/// The same over bytes in memory, which must outlive the source. `name` stands in error messages.
std::unique_ptr<ByteSource> open_memory(std::string_view bytes, const std::string& name);

/// A source that hands out `head`, then what `rest` still has.
std::unique_ptr<ByteSource> put_back(std::string head, std::unique_ptr<ByteSource> rest);

/// Size of the file in bytes as stored, 0 where unknown; only a hint for reserving memory.
uint64_t stored_size(const std::string& path);

}  // namespace orrery::traces
