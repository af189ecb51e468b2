// Audit: who changed what, a line of JSON for each request that would change something, also for
// those that were refused.
//
// Lines are only ever appended, before the request is answered; that of a change that was carried
// out is on the disk by then. (Waiting for the disk over those that were refused would let anybody
// keep it busy.) A file that was moved away, by logrotate for instance, is made anew. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "live/drivers/fd.hpp"

namespace orrery::live::api {

struct AuditLine {
  std::string who;      ///< the token's name; empty: no good token
  std::string role;     ///< of the token
  std::string from;     ///< address of the client
  std::string what;     ///< submit, cancel, drain, undrain
  std::string object;   ///< the job's number or the node's name; empty: a job that was not taken
  std::string reason;   ///< as the person gave it
  int status = 0;       ///< of the answer
  std::string refusal;  ///< why it was refused; empty: it was done
};

class Audit {
 public:
  /// Opens or makes the file (mode 0600). Throws EnvironmentError.
  explicit Audit(std::filesystem::path file);

  /// To be called before a change: throws EnvironmentError where its line could not be written, as
  /// far as that can be known before. Keeps room for it on the disk.
  void prepare();
  /// Throws EnvironmentError; the next prepare() writes the line again, before anything else.
  void write(const AuditLine& line);

 private:
  void open();
  void append(const std::string& text);
  void flush();

  std::filesystem::path file_;
  std::mutex mutex_;
  UniqueFd fd_;
  std::string unwritten_;
};

}  // namespace orrery::live::api
