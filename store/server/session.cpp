#include "server/session.hpp"

#include "server/commands/operate.hpp"
#include "server/gate.hpp"
#include "server/spare.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// Of commands that it runs one by one, how many before others have their turn.
constexpr std::size_t turn_commands = 64;
/// What a session that waits keeps of the memory for its replies.
constexpr std::size_t idle_output_bytes_max = 512;

/// What others are told, piece by piece, of how much of a reply is written.
constexpr std::size_t written_piece_bytes = std::size_t{256} << 10U;

void log_cut_off(std::string_view peer, std::string_view why) {
  log_line(LogLevel::warning, fmt::format("{} is cut off: {}", peer, why));
}

}  // namespace

Session::Session(ServerContext& server, std::unique_ptr<Connection> connection, ClientFacts facts)
    : server_(server),
      clock_(server.system.clock()),
      client_(std::move(facts), server.acl),
      connection_(std::move(connection)),
      reply_(output_),
      conversation_(server.channels, [this] { return open_outbox(); }),
      task_(server.system) {}

Session::~Session() { end_pushes(); }

std::shared_ptr<Outbox> Session::open_outbox() {
  if (outbox_ == nullptr) {
    auto end = [&clients = server_.clients, id = client_.facts().id,
                peer = client_.facts().peer](std::string_view why) {
      if (clients.cut_off(id)) log_cut_off(peer, why);
    };
    outbox_ = std::make_shared<Outbox>(server_.system, connection_, server_.live.pubsub_output, std::move(end));
    outbox_->set_version(reply_.version());
    client_.change([&](ClientFacts& facts) { facts.outbox = outbox_; });
  }
  return outbox_;
}

void Session::end_pushes() {
  conversation_.subscriptions.clear();
  if (outbox_ != nullptr) outbox_->close();
}

void Session::start(std::function<void(Session&)> ended) { task_.spawn(run(*this, std::move(ended))); }

void Session::ask_to_stop() {
  if (client_.ask_to_stop()) task_.cancel();
}

Task<> Session::run(Session& session, std::function<void(Session&)> ended) {
  try {
    co_await session.serve(Start::reading);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, fmt::format("a session ended by an exception: {}", error.what()));
  }
  if (!session.unfinished_) session.close_connection();
  // From here on the session may be destroyed by others.
  ended(session);
}

Task<> Session::serve(Start start) {
  for (;; start = Start::reading) {
    if (start == Start::reading) {
      let_go();
      progress_.active = clock_.now();
      note_memory();
      if (!client_.begin_reading(progress_)) co_return;
      Task<Result<std::size_t>> read = connection_->read_when_ready(*this);
      const Result<std::size_t> count = co_await std::move(read);
      const bool undisturbed = client_.end_reading();
      if (!count || *count == 0) co_return;
      progress_.bytes_read += *count;
      received_->commit(*count);
      if (!undisturbed) {
        unfinished_ = true;
        co_return;
      }
    }
    Next next = Next::go_on;
    do {
      if (!client_.login().refresh()) co_return;
      gather();
      const std::size_t count = received_->requests().size();
      for (std::size_t index = 0; index < count && next == Next::go_on;) {
        const std::size_t end = end_of_neighbours(index);
        if (end == index) {
          if (index % turn_commands == turn_commands - 1) co_await yield();
          Task<Next> executing = execute_one(index++);
          next = co_await std::move(executing);
        } else {
          store::Operation operation = begin_operation(index, end);
          Result<void> done;  // Asked for where this stands: nearly all go this way, and `operate` is a coroutine more.
          if (!conversation_.durability) [[likely]] {
            done = co_await server_.store->key_value().ask<store::Operate>(std::move(operation));
          } else {
            Task<Result<void>> operating = operate(server_, conversation_, std::move(operation));
            done = co_await std::move(operating);
          }
          index = end_operation(done, index, end);
        }
        if (next == Next::go_on && (index < end || output_.size() >= server_.options.output_bytes_max)) {
          Task<Next> writing = write();
          next = co_await std::move(writing);
        }
      }
      if (next == Next::go_on) next = end_gathered();
      drop_gathered();
    } while (next == Next::go_on && received_->has_more());
    if (next == Next::go_on && is_too_much()) next = Next::close;
    if (next == Next::go_on && write_at_once()) continue;
    Task<Next> writing = write(next == Next::close);
    const Next written = co_await std::move(writing);
    if (next == Next::close || written == Next::close) co_return;
  }
}

Task<> Session::finish(std::shared_ptr<Session> session) {
  co_await session->task_.join();
  // It has been asked to stop: it does not read again.
  if (std::exchange(session->unfinished_, false)) co_await session->serve(Start::received);
  session->close_connection();
}

std::span<char> Session::room() {
  if (received_ == nullptr) {
    received_ = Spare<RequestBuffer>::take();
    received_->begin(read_size_);
  }
  return received_->room();
}

void Session::let_go() {
  if (batch_ != nullptr) {
    if (batch_->replies.capacity() < output_.capacity()) batch_->replies.swap(output_);
    Spare<Batch>::give(std::move(batch_));
  }
  if (output_.capacity() > idle_output_bytes_max) std::string().swap(output_);
}

void Session::note_memory() noexcept {
  const bool waits_amid_a_request = received_ != nullptr && !received_->idle();  // An idle one is given back.
  progress_.unfinished_bytes = waits_amid_a_request ? received_->unread() : 0;
  progress_.free_bytes = waits_amid_a_request ? received_->unused() : 0;
  progress_.memory_bytes = sizeof(Session) + output_.capacity() + (waits_amid_a_request ? received_->allocated() : 0);
}

void Session::give_back() noexcept {
  if (received_ == nullptr || !received_->idle()) return;
  read_size_ = received_->size_hint();
  Spare<RequestBuffer>::give(std::move(received_));
}

void Session::close_connection() {
  end_pushes();
  std::shared_ptr<Connection> closed;
  client_.change([&](ClientFacts&) { closed = std::move(connection_); });
}

void Session::end_if_overdue(TimePoint now) {
  const OutputLimits of_normal = server_.live.normal_output.now();
  std::shared_ptr<Outbox> outbox;
  std::string peer;
  bool listens = false;
  client_.look([&](const ClientFacts& facts) {
    outbox = facts.outbox;
    listens = is_listening(facts);
    // What is unsent grows less until all is sent: it has been over the limit since it began.
    // The harder one may have been set meanwhile.
    if (of_normal.is_over_hard(facts.unsent) ||
        (of_normal.is_over_soft(facts.unsent) && now - facts.unsent_since > of_normal.soft_time))
      peer = facts.peer;
  });
  if (outbox != nullptr && listens) {
    outbox->end_if_overdue(now, server_.live.pubsub_output.now(), unread_messages);
  } else if (outbox != nullptr) {
    outbox->end_if_overdue(now, of_normal, unread_replies);
  } else if (!peer.empty()) {
    log_cut_off(peer, unread_replies);
    hang_up();
  }
}

bool Session::is_silent(TimePoint now, Duration idle, Duration handshake) {
  const std::optional<TimePoint> since = client_.reading_since();
  bool silent = false;
  client_.look([&](const ClientFacts& facts) {
    if (connection_ == nullptr) return;
    // Who is only to be told of things has nothing to say.
    silent = connection_->established() ? since && !is_listening(facts) && idle > Duration{0} && now - *since >= idle
                                        : handshake > Duration{0} && now - facts.connected >= handshake;
  });
  return silent;
}

void Session::hang_up() {
  client_.change([&](ClientFacts&) {
    if (connection_ != nullptr) connection_->shut_down();
  });
}

Task<> Session::join(std::shared_ptr<Session> session) { co_await session->task_.join(); }

void Session::gather() {
  const ServerOptions& options = server_.options;
  // What a client may send depends on who it is: so until it has said that, one request is read at a time.
  const bool unknown = client_.login().must_authenticate();
  RespLimits limits = server_.live.request_limits();
  limits.unauthenticated = unknown;
  received_->set_limits(limits);
  received_->gather({.requests = unknown ? 1 : options.batch_requests_max, .bytes = options.batch_bytes_max});
  reads_apart_ = false;
}

Session::Next Session::end_gathered() {
  const std::span<const RequestBuffer::Request> requests = received_->requests();
  if (!requests.empty()) {
    const Command* last = requests.back().lookup.command;
    progress_.command = last == nullptr ? nullptr : &last->name;
    progress_.commands += requests.size();
  }
  if (received_->protocol_error().empty()) return Next::go_on;
  reply_.error(received_->protocol_error());
  return Next::close;
}

void Session::drop_gathered() {
  if (std::exchange(received_is_shared_, false)) {
    received_ = received_->successor();
  } else {
    received_->drop_gathered();
  }
}

bool Session::is_too_much() const {
  if (received_->unread() <= server_.live.request_bytes_max()) return false;
  // Without a word to the client, as Redis does it: it has not been heard to the end.
  log_line(LogLevel::warning, fmt::format("{} has sent {} bytes of a request that is not complete, and is cut off",
                                          client_.facts().peer, received_->unread()));
  return true;
}

std::size_t Session::end_of_neighbours(std::size_t first) const noexcept {
  const std::span<const RequestBuffer::Request> requests = received_->requests();
  std::size_t end = first;
  while (end < requests.size() && joins_neighbours(requests[end])) ++end;
  return end;
}

std::size_t Session::end_of_stretch(std::size_t first, std::size_t last) const noexcept {
  const auto writes = [this](std::size_t index) {
    return (received_->requests()[index].lookup.command->flags & flag::write) != 0;
  };
  std::size_t end = first + 1;
  while (end < last && writes(end) == writes(first)) ++end;
  return end;
}

store::Operation Session::begin_operation(std::size_t first, std::size_t last) {
  if (batch_ == nullptr) batch_ = Spare<Batch>::take();
  batch_->requests = received_;
  batch_->next = first;
  batch_->last = reads_apart_ ? end_of_stretch(first, last) : last;
  batch_->replies_bytes_max = server_.options.output_bytes_max;
  batch_->protocol = reply_.version();
  batch_->slow.begin(server_.slow_log.threshold(), clock_);
  return store::Operation(batch_);
}

std::size_t Session::end_operation(const Result<void>& done, std::size_t first, std::size_t last) {
  if (!done) {
    // It may be running still: it keeps the batch and what was received; the session goes on with others.
    const std::size_t end = batch_->last;
    batch_.reset();
    received_is_shared_ = true;
    // Of what finds no room nothing is done; and reads need none.
    if (done.error() == ErrorCode::storage_full && !reads_apart_ && end_of_stretch(first, last) < last) {
      reads_apart_ = true;
      return first;
    }
    const std::string error = describe_failure(done.error());
    for (std::size_t index = first; index < end; ++index) reply_.error(error);
    return end;
  }
  batch_->slow.note(server_, client_,
                    [this](std::size_t index) { return received_->arguments(received_->requests()[index]); });
  if (output_.empty()) {
    output_.swap(batch_->replies);
  } else {
    output_ += batch_->replies;
    batch_->replies.clear();
  }
  return batch_->next;
}

bool Session::joins_neighbours(const RequestBuffer::Request& request) const noexcept {
  return request.lookup.problem == Lookup::Problem::none && request.lookup.command->data != nullptr &&
         may_run(client_.login(), *request.lookup.command, received_->arguments(request)) &&
         !conversation_.is_special(reply_.version()) && !server_.channels.has_monitors() && !server_.pause.is_on();
}

bool Session::write_at_once() {
  constexpr std::size_t short_output_bytes = std::size_t{64} << 10U;
  if (outbox_ != nullptr || output_.size() > short_output_bytes) return false;
  const std::size_t count = output_.empty() ? 0 : connection_->try_write(output_);
  progress_.bytes_written += count;
  output_.erase(0, count);
  return output_.empty();
}

Task<Session::Next> Session::write(bool last) {
  if (output_.empty() && outbox_ == nullptr) co_return Next::go_on;
  if (outbox_ != nullptr) progress_.bytes_written += output_.size();
  Task<Result<void>> writing =
      outbox_ == nullptr ? write_replies() : outbox_->send(output_, last ? 0 : server_.options.output_bytes_max);
  const Result<void> written = co_await std::move(writing);
  // A very long reply is not paid for ever after.
  if (output_.capacity() > 2 * server_.options.output_bytes_max) std::string().swap(output_);
  output_.clear();
  co_return written ? Next::go_on : Next::close;
}

Task<Result<void>> Session::write_replies() {
  if (server_.live.normal_output.now().is_over_hard(output_.size())) {
    log_cut_off(client_.facts().peer, unread_replies);
    co_return failure(ErrorCode::storage_failed, "more is to be sent than is allowed");
  }
  const TimePoint begun = clock_.now();
  // Piece by piece, so that others see how far it has come.
  Result<void> written;
  for (std::string_view rest = output_; !rest.empty() && written;) {
    client_.change([&](ClientFacts& facts) {
      facts.unsent = rest.size();
      facts.unsent_since = begun;
    });
    const std::string_view piece = rest.substr(0, written_piece_bytes);
    rest.remove_prefix(piece.size());
    Task<Result<void>> writing = connection_->write_all(piece);
    written = co_await std::move(writing);
    if (written) progress_.bytes_written += piece.size();
  }
  client_.change([](ClientFacts& facts) { facts.unsent = 0; });
  co_return written;
}

}  // namespace understudy::server
