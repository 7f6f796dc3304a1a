#include "server/clients.hpp"

#include "server/server_context.hpp"
#include "server/session.hpp"

namespace understudy::server {
namespace {

void add(ClientTotals& totals, const ClientProgress::Figures& of_one) {
  totals.commands += of_one.commands;
  totals.bytes_read += of_one.bytes_read;
  totals.bytes_written += of_one.bytes_written;
}

}  // namespace

bool Clients::admit(ServerContext& server, std::unique_ptr<Connection>& connection) {
  const TimePoint now = server.system.clock().now();
  std::shared_ptr<Session> session;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || sessions_.size() >= server.live.clients_max()) return false;
    const std::uint64_t id = ++past_.accepted;
    ClientFacts facts{.id = id,
                      .peer = connection->peer(),
                      .local = connection->local(),
                      .connected = now,
                      .progress = {.active = now}};
    session = std::make_shared<Session>(server, std::move(connection), std::move(facts));
    sessions_.emplace(id, session);
  }
  session->start([this](Session& self) { ended(self); });
  return true;
}

void Clients::ended(Session& session) {
  const ClientFacts facts = session.client().facts();
  std::vector<std::shared_ptr<Session>> earlier;  // Destroyed without the lock.
  {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(facts.id);
    if (found == sessions_.end()) return;  // It was being cut off.
    add(past_, facts.progress);
    earlier.swap(ended_);
    ended_.push_back(std::move(found->second));
    sessions_.erase(found);
  }
}

bool Clients::cut_off(std::uint64_t id) {
  std::shared_ptr<Session> session;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(id);
    if (stopping_ || found == sessions_.end()) return false;
    session = std::move(found->second);
    sessions_.erase(found);
    add(past_, session->client().progress());
    session->cancel();
    // Not to die here: who calls may hold a lock that its end takes (Channels, which pushes what overflows).
    ending_.spawn_regardless(see_out(std::move(session)));
  }
  return true;
}

/// A session cannot be destroyed before the coroutine that uses it has ended.
Task<> Clients::see_out(std::shared_ptr<Session> session) {
  Task<> joining = Session::join(std::move(session));
  co_await std::move(joining);
}

void Clients::count_rejected() {
  const std::scoped_lock lock(mutex_);
  ++past_.rejected;
}

void Clients::close_overdue(const ServerContext& server) {
  const Duration idle = server.live.idle_limit();
  const Duration handshake = server.live.handshake_limit();
  const TimePoint now = server.system.clock().now();
  const OutputLimits of_normal = server.live.normal_output.now();
  const bool limits_unread = of_normal.soft_bytes != 0 || of_normal.hard_bytes != 0 || server.channels.any();
  if (idle == Duration{0} && !server.tls.loaded() && !limits_unread) return;
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::scoped_lock lock(mutex_);
    sessions.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) sessions.push_back(session);
  }
  // Without the lock, which whoever is cut off takes.
  for (const auto& session : sessions) {
    session->end_if_overdue(now);
    if (session->is_silent(now, idle, handshake)) session->hang_up();
  }
}

std::vector<ClientFacts> Clients::list() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ClientFacts> facts;
  facts.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) facts.push_back(session->client().facts());
  return facts;
}

ClientTotals Clients::totals() const {
  const std::scoped_lock lock(mutex_);
  ClientTotals totals = past_;
  totals.connected = sessions_.size();
  for (const auto& [id, session] : sessions_) add(totals, session->client().progress());
  return totals;
}

std::vector<std::shared_ptr<Session>> Clients::stop() {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, session] : sessions_) sessions.push_back(session);
  }
  for (const auto& session : sessions) session->ask_to_stop();
  return sessions;
}

void Clients::clear() {
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions;
  std::vector<std::shared_ptr<Session>> earlier;
  const std::scoped_lock lock(mutex_);
  sessions.swap(sessions_);
  earlier.swap(ended_);
}

}  // namespace understudy::server
