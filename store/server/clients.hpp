// Clients: the connections a server has, and counts of those it had.
//
// Threads: every member may be called from any thread.
#pragma once

#include "server/client.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task_group.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace understudy::server {

class Session;
struct ServerContext;

struct ClientTotals {
  std::uint64_t connected = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  // Of all connections, the ended ones included.
  std::uint64_t commands = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
};

class Clients {
 public:
  explicit Clients(System& system) : ending_(system) {}

  /// Starts a session for `connection`. False, with the connection left alone, if there are `clients_max` already, or
  /// the server stops.
  [[nodiscard]] bool admit(ServerContext& server, std::unique_ptr<Connection>& connection);
  /// Ends the connection where it is, whatever it does; soon. False if there is none of this number.
  bool cut_off(std::uint64_t id);
  /// A connection was turned away.
  void count_rejected();
  /// Closes those that have waited for their client longer than the idle limit, those whose handshake takes longer than
  /// its own, and those whose client has left too much unread for too long. One pass over all.
  void close_overdue(const ServerContext& server);
  /// In the order of their numbers.
  [[nodiscard]] std::vector<ClientFacts> list() const;
  [[nodiscard]] ClientTotals totals() const;

  /// Admits none from now on, asks all to stop, and gives them.
  [[nodiscard]] std::vector<std::shared_ptr<Session>> stop();
  /// Waits for those that were cut off. After `stop`; once.
  [[nodiscard]] Task<> join() { return ending_.join(); }
  /// Lets go of all sessions, which must have ended.
  void clear();

 private:
  void ended(Session& session);
  static Task<> see_out(std::shared_ptr<Session> session);

  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  // A session cannot let go of itself while it runs: the next one that ends does it.
  std::vector<std::shared_ptr<Session>> ended_;
  ClientTotals past_;  // Of ended sessions; `connected` is not used.
  bool stopping_ = false;
  TaskGroup ending_;  // Of those that were cut off.
};

}  // namespace understudy::server
