// Gateway: the one thread that owns every socket of the wire.
//
// A controller's gateway serves one endpoint (ROUTER) for agents and people and publishes news
// (PUB) for watchers; an agent's or a person's has a link (DEALER) to a controller. Peers introduce
// themselves with a hello; the controller's keys, its list of authorised peers and the application
// decide who gets in and which node a peer speaks for. docs/wire.md has the protocol.
//
// The drop rule. Mail to each peer waits in a queue of bounded length, also while the peer is away.
// When it is full, the oldest mail that its sender repeats anyway is dropped (everything between
// controller and agents: each says how things stand, and a newer one says it better). A person's
// request (SubmitJob, CancelJob) is never dropped for a later one; it is refused at the door
// instead, which the caller sees. Nobody ever waits, and every drop is counted.
//
// Besides mail, which is the actors', a controller can ask its agents: for a container's output, or
// what runs there. Each question has exactly one end, an answer or word that there is none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/time.hpp"
#include "live/wire/codec.hpp"
#include "live/wire/keys.hpp"
#include "live/wire/mailroom.hpp"

namespace orrery::live {

/// Who is at the other end.
struct Peer {
  PeerId id;
  Role role = Role::kUser;
  std::string name;          ///< proven by its key; in plain mode claimed
  uint32_t place = 0;        ///< ActorId::place that it speaks for; 0 for people and the controller
  std::string key;           ///< public key; empty in plain mode
  std::string software;      ///< version of its program
  std::string run;           ///< id of the run that it says it belongs to; may be empty
  uint64_t incarnation = 0;  ///< drawn when its process started
  uint32_t sessions = 0;     ///< how many times it has been up, this one included
};

/// What the application says to a peer that would come in.
struct Admission {
  bool accepted = false;
  uint32_t place = 0;  ///< of an agent: its node's index + 1
  std::string why;     ///< when not accepted, for the peer's operator
};

/// What a watcher receives.
struct News {
  std::string topic;
  uint64_t sequence = 0;  ///< of this publisher, from 1; a gap means that some were missed
  std::string body;
};

/// All are called from the gateway's thread, must return soon and must not throw; they may call
/// send(), publish(), ask() and answer(). Those left empty are not called.
struct GatewayEvents {
  /// Server: a peer with this proven identity wants in. Required for a server.
  std::function<Admission(const Peer&)> admit;
  /// The peer is there, or back (Peer::sessions > 1).
  std::function<void(const Peer&)> up;
  std::function<void(const Peer&, std::string_view why)> lost;
  /// Link: the controller does not let us in; `code` as in docs/wire.md. The link tries on, slowly.
  std::function<void(const Peer&, std::string_view code, std::string_view why)> refused;
  /// One envelope. Its sender may speak as `from`; that the job in it exists is not checked. A spec
  /// in SubmitJob lasts for the call.
  std::function<void(const Peer&, const Envelope&)> mail;
  std::function<void(const News&)> news;
  /// Link: the controller asks; answer() is called now or later, from any thread.
  std::function<void(const Peer&, uint64_t id, std::string_view what, std::string_view body)> asked;
  /// Server: the end of the question that ask() gave this number. Where `ok` is false, `body` is a
  /// sentence that says why: the peer's own, or "lost", or "no answer".
  std::function<void(const Peer&, uint64_t id, bool ok, std::string_view body)> answered;
  /// Something that an operator should read; at most ten a second.
  std::function<void(std::string_view)> trouble;
};

struct ServerConfig {
  std::string endpoint;         ///< "tcp://0.0.0.0:7601", "tcp://127.0.0.1:*", "ipc://run/wire"
  std::string news;             ///< endpoint for watchers; empty: none
  std::optional<KeyPair> keys;  ///< CURVE; must be there unless the endpoints are local
  std::vector<Authorised> authorised;  ///< with keys: who may come in
  bool plain = false;                  ///< no CURVE, although others may reach the endpoint
  std::string name = "controller";
};

struct LinkConfig {
  std::string endpoint;
  Role role = Role::kAgent;
  std::string name;             ///< of the node or person
  std::optional<KeyPair> keys;  ///< with `server_key`: CURVE
  std::string server_key;       ///< the controller's public key
  bool plain = false;
  std::string news;                 ///< the controller's endpoint for watchers; empty: none
  std::vector<std::string> topics;  ///< prefixes of topics; {""}: all
};

struct GatewayConfig {
  std::optional<ServerConfig> server;
  std::vector<LinkConfig> links;
  Catalogue* catalogue = nullptr;  ///< where the specs lie that links bring; required with links
  std::string software;            ///< version of this program
  std::string run;                 ///< id of the run; may be empty
  Duration beat = Duration::seconds(1);        ///< a silent side says so this often
  Duration lost_after = Duration::seconds(5);  ///< a peer not heard for so long is lost
  Duration first_retry = Duration::milliseconds(100);
  Duration last_retry = Duration::seconds(5);     ///< waits between retries double up to this
  Duration answer_within = Duration::seconds(5);  ///< then a question ends with "no answer"
  size_t queue = 10'000;                          ///< envelopes that wait for one peer, at most
  size_t most_peers = 10'000;                     ///< of a server
};

/// Sums since the start. Every envelope that is not delivered is in one of them.
struct GatewayCounters {
  uint64_t sent = 0;            ///< envelopes handed to a connection
  uint64_t received = 0;        ///< envelopes given to the application
  uint64_t dropped_oldest = 0;  ///< by the drop rule
  uint64_t refused_full = 0;    ///< requests that found the queue full
  uint64_t dropped_gone = 0;    ///< in the queue of a person who has left
  uint64_t unsendable = 0;      ///< about specs beyond the bounds of the codec
  uint64_t undecodable = 0;     ///< envelopes that came and could not be read
  uint64_t unknown = 0;         ///< messages of a later version
  uint64_t forbidden = 0;       ///< mail and questions that their sender may not send
  uint64_t frames_sent = 0;
  uint64_t frames_received = 0;
  uint64_t malformed = 0;      ///< frames that are none
  uint64_t strangers = 0;      ///< frames from peers without a session
  uint64_t refused_peers = 0;  ///< hellos refused, and connections that CURVE refused
  uint64_t reconnects = 0;     ///< times that a peer came back
  uint64_t losses = 0;         ///< times that a peer was lost
  uint64_t news_sent = 0;
  uint64_t news_dropped = 0;   ///< not sent because the gateway was behind
  uint64_t news_missed = 0;    ///< gaps seen by this watcher
  uint64_t asked = 0;          ///< questions given to the application
  uint64_t answered = 0;       ///< answers given to the application
  uint64_t unanswered = 0;     ///< questions that ended with "lost" or "no answer"
  uint64_t stray_answers = 0;  ///< answers to what was not asked, or not waited for any more
};

/// Safe for several threads, apart from start() and stop().
class Gateway {
 public:
  /// Binds and connects. Throws InputError for a configuration that can't be, among them an
  /// endpoint that others can reach without keys; EnvironmentError when an endpoint is taken.
  Gateway(GatewayConfig config, GatewayEvents events);
  /// Stops.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// From here on events come.
  void start();
  /// Sends what is queued as far as that needs no waiting, says bye, ends the thread. Questions
  /// that are open end with "lost"; no event comes after it. Not to be called from an event.
  void stop();

  /// Where the server listens, with the port that the system chose.
  std::string endpoint() const;
  std::string news_endpoint() const;
  /// The controller at the other end of link `index`; there from the beginning, up or not.
  PeerId link(size_t index) const;

  /// Queues an envelope; never waits. A spec in it must outlive its sending.
  Posted send(PeerId to, const Envelope& envelope);
  /// Server: asks an agent that is up; `answered` tells the end, perhaps before this returns. 0,
  /// and no end, where there is no such peer, where 64 questions to it are open, where `what` is
  /// not a text of 1 to 1,024 bytes, and where `body` has more than 512 KiB. Never waits.
  uint64_t ask(PeerId peer, std::string what, std::string body);
  /// Link: answers what `asked` told under that number. False when nobody waits for it any more.
  /// Where `body` has more than 512 KiB, the asker is told that instead.
  bool answer(PeerId peer, uint64_t id, bool ok, std::string body);
  /// Tells all watchers of that topic. The oldest waiting news is dropped when 1,024 wait.
  void publish(std::string topic, std::string body);
  /// Replaces the list of authorised peers; those no longer on it lose their session.
  void authorise(std::vector<Authorised> authorised);

  GatewayCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// True for endpoints that only this machine can reach: ipc, inproc, loopback.
bool is_local_endpoint(std::string_view endpoint);

}  // namespace orrery::live
