// A gateway with a notebook: what came is written down, and tests wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <vector>

#include "live/wire/gateway.hpp"

namespace orrery::live {

/// Generous: reached only by a test that fails.
inline constexpr auto kPatience = std::chrono::seconds(20);

struct Seen {
  std::vector<Peer> up;
  std::vector<std::pair<Peer, std::string>> lost;
  std::vector<std::pair<std::string, std::string>> refused;  ///< code, why
  std::vector<std::pair<Peer, Envelope>> mail;
  std::deque<JobSpec> submitted;  ///< copies of the specs in SubmitJob
  std::vector<News> news;
  std::vector<std::string> troubles;
  struct Answer {
    std::string peer;
    uint64_t id = 0;
    bool ok = false;
    std::string body;
  };
  std::vector<Answer> answers;
};

/// A heart that beats fast, so that tests of silence are short, and is not lost too soon.
inline GatewayConfig quick_config() {
  GatewayConfig config;
  config.software = "1.2.3";
  config.run = "test";
  config.beat = Duration::milliseconds(100);
  config.lost_after = Duration::seconds(2);
  config.first_retry = Duration::milliseconds(10);
  config.last_retry = Duration::milliseconds(200);
  return config;
}

class Party {
 public:
  /// Called for each question.
  using OnAsk = std::function<void(Gateway&, const Peer&, uint64_t id, std::string_view what,
                                   std::string_view body)>;

  /// Without `on_ask`, questions are not answered.
  explicit Party(GatewayConfig config, OnAsk on_ask = {}) : on_ask_(std::move(on_ask)) {
    if (config.catalogue == nullptr) config.catalogue = &catalogue_;
    gateway_ = std::make_unique<Gateway>(std::move(config), events());
    gateway_->start();
  }
  ~Party() { gateway_->stop(); }
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  Gateway& gateway() { return *gateway_; }
  Catalogue& catalogue() { return catalogue_; }

  /// Waits until `condition` holds for what was seen; false when it does not in time.
  bool wait(const std::function<bool(const Seen&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return condition(seen_); });
  }
  bool wait_up(size_t times = 1) {
    return wait([&](const Seen& seen) { return seen.up.size() >= times; });
  }
  Seen seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }
  /// Waits for a counter, which tells nobody when it changes.
  bool wait_count(uint64_t GatewayCounters::*counter, uint64_t least) {
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (gateway_->counters().*counter < least) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::usleep(1000);
    }
    return true;
  }
  /// Called for each envelope, instead of writing it down.
  std::function<void(const Peer&, const Envelope&)> on_mail;

 private:
  /// node-N speaks for place N + 1; "nobody" is not let in.
  static Admission admit(const Peer& peer) {
    if (peer.name == "nobody") return {false, 0, "nobody may not come in"};
    size_t dash = peer.name.rfind('-');
    if (peer.role != Role::kAgent || dash == std::string::npos) return {true, 0, ""};
    return {true, static_cast<uint32_t>(std::stoul(peer.name.substr(dash + 1)) + 1), ""};
  }

  template <class F>
  void note(F f) {
    {
      std::lock_guard lock(mutex_);
      f(seen_);
    }
    changed_.notify_all();
  }

  GatewayEvents events() {
    GatewayEvents e;
    e.admit = admit;
    e.up = [this](const Peer& peer) { note([&](Seen& s) { s.up.push_back(peer); }); };
    e.lost = [this](const Peer& peer, std::string_view why) {
      note([&](Seen& s) { s.lost.emplace_back(peer, why); });
    };
    e.refused = [this](const Peer&, std::string_view code, std::string_view why) {
      note([&](Seen& s) { s.refused.emplace_back(code, why); });
    };
    e.mail = [this](const Peer& peer, const Envelope& envelope) {
      if (on_mail) return on_mail(peer, envelope);
      note([&](Seen& s) {
        s.mail.emplace_back(peer, envelope);
        auto* submit = std::get_if<SubmitJob>(&s.mail.back().second.message);
        if (submit != nullptr) submit->spec = &s.submitted.emplace_back(*submit->spec);
      });
    };
    e.news = [this](const News& news) { note([&](Seen& s) { s.news.push_back(news); }); };
    e.asked = [this](const Peer& peer, uint64_t id, std::string_view what, std::string_view body) {
      if (on_ask_) on_ask_(*gateway_, peer, id, what, body);
    };
    e.answered = [this](const Peer& peer, uint64_t id, bool ok, std::string_view body) {
      note([&](Seen& s) { s.answers.push_back({peer.name, id, ok, std::string(body)}); });
    };
    e.trouble = [this](std::string_view text) {
      note([&](Seen& s) { s.troubles.emplace_back(text); });
    };
    return e;
  }

  const OnAsk on_ask_;
  Catalogue catalogue_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Seen seen_;
  std::unique_ptr<Gateway> gateway_;
};

inline GatewayConfig server_config(const std::string& endpoint = "tcp://127.0.0.1:*") {
  GatewayConfig config = quick_config();
  config.server = ServerConfig{};
  config.server->endpoint = endpoint;
  return config;
}

inline GatewayConfig link_config(const std::string& endpoint, const std::string& name,
                                 Role role = Role::kAgent) {
  GatewayConfig config = quick_config();
  LinkConfig link;
  link.endpoint = endpoint;
  link.role = role;
  link.name = name;
  config.links.push_back(link);
  return config;
}

/// An ipc endpoint of this process and test alone, gone with the value.
class IpcPlace {
 public:
  IpcPlace()
      : path_(std::filesystem::temp_directory_path() /
              ("orrery-wire-" + std::to_string(::getpid()) + "-" + std::to_string(++count()))) {}
  IpcPlace(const IpcPlace&) = delete;
  IpcPlace& operator=(const IpcPlace&) = delete;
  ~IpcPlace() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  std::string endpoint() const { return "ipc://" + path_.string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  static int& count() {
    static int n = 0;
    return n;
  }
  std::filesystem::path path_;
};

}  // namespace orrery::live
