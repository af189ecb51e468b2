#include "traces/bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>
#include <zlib.h>
#include <zstd.h>

#include "actors/error.hpp"

namespace orrery::traces {

namespace {

constexpr size_t kChunk = 64 * 1024;

[[noreturn]] void fail(const std::string& name, std::string expected, std::string found,
                       std::string hint = "") {
  throw InputError({.where = name,
                    .expected = std::move(expected),
                    .found = std::move(found),
                    .hint = std::move(hint)});
}

class FileBytes : public ByteSource {
 public:
  explicit FileBytes(const std::string& path)
      : name_(path), file_(std::fopen(path.c_str(), "rb"), &std::fclose) {
    if (!file_) fail(name_, "a readable file", std::strerror(errno));
    std::setvbuf(file_.get(), nullptr, _IONBF, 0);
  }

  size_t read(char* into, size_t room) override {
    const size_t got = std::fread(into, 1, room, file_.get());
    if (got < room && std::ferror(file_.get()) != 0) {
      fail(name_, "a readable file", std::strerror(errno));
    }
    return got;
  }

 private:
  std::string name_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

class MemoryBytes : public ByteSource {
 public:
  explicit MemoryBytes(std::string_view bytes) : left_(bytes) {}

  size_t read(char* into, size_t room) override {
    const size_t got = std::min(room, left_.size());
    if (got > 0) std::memcpy(into, left_.data(), got);
    left_.remove_prefix(got);
    return got;
  }

 private:
  std::string_view left_;
};

/// Hands out the bytes that were read to recognise the compression, then the rest.
class Rewound : public ByteSource {
 public:
  Rewound(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

  size_t read(char* into, size_t room) override {
    const size_t from_head = std::min(room, head_.size() - used_);
    if (from_head > 0) std::memcpy(into, head_.data() + used_, from_head);
    used_ += from_head;
    if (from_head == room) return room;
    return from_head + rest_->read(into + from_head, room - from_head);
  }

 private:
  std::string head_;
  size_t used_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

/// The compressed side that both decoders share: a window over the stored bytes.
class StoredWindow {
 public:
  StoredWindow(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  /// Makes at least one byte available; false at the end of the stored bytes.
  bool refill() {
    if (begin_ < end_) return true;
    begin_ = 0;
    end_ = source_->read(buffer_.get(), kChunk);
    taken_ += end_;
    return end_ > 0;
  }
  const char* data() const { return buffer_.get() + begin_; }
  size_t size() const { return end_ - begin_; }
  void consume(size_t n) { begin_ += n; }
  /// How many stored bytes have been used so far.
  uint64_t position() const { return taken_ - size(); }

 private:
  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kChunk);
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t taken_ = 0;
};

std::string truncated(const char* kind, uint64_t position) {
  return std::string(kind) + " data truncated after " + std::to_string(position) + " bytes";
}

constexpr auto kDamagedHint = "the file is cut short or damaged; fetch it again";

class GzipBytes : public ByteSource {
 public:
  GzipBytes(std::unique_ptr<ByteSource> source, std::string name)
      : name_(std::move(name)), stored_(std::move(source)) {
    // 16 more than the window bits: gzip framing with its check of length and CRC-32 (RFC 1952).
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) {
      throw EnvironmentError("zlib cannot start: out of memory");
    }
  }
  ~GzipBytes() override { inflateEnd(&stream_); }
  GzipBytes(const GzipBytes&) = delete;
  GzipBytes& operator=(const GzipBytes&) = delete;

  size_t read(char* into, size_t room) override {
    size_t got = 0;
    while (got < room) {
      if (!stored_.refill()) {
        if (in_member_)
          fail(name_, "a whole gzip file", truncated("gzip", stored_.position()), kDamagedHint);
        break;
      }
      if (!in_member_ && !start_member()) continue;
      got += inflate_some(into + got, room - got);
    }
    return got;
  }

 private:
  /// Between members: another may follow; zero bytes are padding. False: padding was skipped.
  bool start_member() {
    if (*stored_.data() == '\0') {
      stored_.consume(1);
      return false;
    }
    inflateReset(&stream_);
    in_member_ = true;
    return true;
  }

  size_t inflate_some(char* into, size_t room) {
    const size_t step = std::min<size_t>(room, 1U << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stored_.data()));
    stream_.avail_in = static_cast<uInt>(stored_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(step);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    stored_.consume(stored_.size() - stream_.avail_in);
    if (code == Z_STREAM_END) {
      in_member_ = false;
    } else if (code == Z_MEM_ERROR) {
      throw EnvironmentError("zlib: out of memory");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      const char* why = stream_.msg != nullptr ? stream_.msg : "unknown";
      fail(name_, "gzip data",
           "damaged gzip data near byte " + std::to_string(stored_.position()) + " (" + why + ")",
           kDamagedHint);
    }
    return step - stream_.avail_out;
  }

  std::string name_;
  StoredWindow stored_;
  z_stream stream_{};
  bool in_member_ = true;
};

class ZstdBytes : public ByteSource {
 public:
  ZstdBytes(std::unique_ptr<ByteSource> source, std::string name)
      : name_(std::move(name)),
        stored_(std::move(source)),
        stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (!stream_) throw EnvironmentError("zstd cannot start: out of memory");
  }

  size_t read(char* into, size_t room) override {
    ZSTD_outBuffer out{into, room, 0};
    while (out.pos < out.size) {
      const bool more = stored_.refill();
      if (!more && whole_) break;
      ZSTD_inBuffer in{stored_.data(), stored_.size(), 0};
      const size_t before = out.pos;
      const size_t code = ZSTD_decompressStream(stream_.get(), &out, &in);
      stored_.consume(in.pos);
      if (ZSTD_isError(code) != 0) {
        fail(name_, "zstd data",
             "damaged zstd data near byte " + std::to_string(stored_.position()) + " (" +
                 ZSTD_getErrorName(code) + ")",
             kDamagedHint);
      }
      whole_ = code == 0;
      if (!more && !whole_ && out.pos == before) {
        fail(name_, "a whole zstd file", truncated("zstd", stored_.position()), kDamagedHint);
      }
    }
    return out.pos;
  }

 private:
  std::string name_;
  StoredWindow stored_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  bool whole_ = true;  ///< no frame is begun and unfinished
};

std::unique_ptr<ByteSource> undo_compression(std::unique_ptr<ByteSource> source,
                                             const std::string& name) {
  char head[4];
  const size_t got = source->read(head, sizeof head);
  const std::string_view seen(head, got);
  auto rewound = std::make_unique<Rewound>(std::string(seen), std::move(source));
  if (seen.starts_with("\x1f\x8b")) {  // RFC 1952
    return std::make_unique<GzipBytes>(std::move(rewound), name);
  }
  if (seen == "\x28\xb5\x2f\xfd") {  // RFC 8878
    return std::make_unique<ZstdBytes>(std::move(rewound), name);
  }
  return rewound;
}

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) {
  return undo_compression(std::make_unique<FileBytes>(path), path);
}

std::unique_ptr<ByteSource> open_memory(std::string_view bytes, const std::string& name) {
  return undo_compression(std::make_unique<MemoryBytes>(bytes), name);
}

std::unique_ptr<ByteSource> put_back(std::string head, std::unique_ptr<ByteSource> rest) {
  return std::make_unique<Rewound>(std::move(head), std::move(rest));
}

uint64_t stored_size(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace orrery::traces
