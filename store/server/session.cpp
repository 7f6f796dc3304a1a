#include "server/session.hpp"

#include "server/spare.hpp"
#include "understudy/base/logging.hpp"

#include <exception>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// What a session that waits keeps of the memory for its replies.
constexpr std::size_t idle_output_bytes_max = 512;

}  // namespace

Session::Session(ServerContext& server, std::unique_ptr<Connection> connection, ClientFacts facts)
    : server_(server),
      client_(std::move(facts)),
      connection_(std::move(connection)),
      reply_(output_),
      task_(server.system) {}

void Session::start(std::function<void(Session&)> ended) { task_.spawn(run(*this, std::move(ended))); }

void Session::ask_to_stop() {
  if (client_.ask_to_stop()) task_.cancel();
}

Task<> Session::run(Session& session, std::function<void(Session&)> ended) {
  try {
    co_await session.serve();
  } catch (const std::exception& error) {
    log_line(LogLevel::error, fmt::format("a session ended by an exception: {}", error.what()));
  }
  if (!session.unfinished_) session.close_connection();
  // From here on the session may be destroyed by others.
  ended(session);
}

Task<> Session::serve() {
  std::size_t bytes_read = 0;
  for (;;) {
    let_go();
    const TimePoint now = server_.system.clock().now();
    const bool reading = client_.begin_reading([&](ClientFacts& facts) {
      facts.active = now;
      facts.bytes_read += bytes_read;
      facts.commands = commands_;
      facts.bytes_written = bytes_written_;
      facts.last_command = last_command_;
    });
    if (!reading) co_return;
    Task<Result<std::size_t>> read = connection_->read_when_ready(*this);
    const Result<std::size_t> count = co_await std::move(read);
    const bool undisturbed = client_.end_reading();
    if (!count || *count == 0) co_return;
    bytes_read = *count;
    received_->commit(*count);
    if (!undisturbed) {
      unfinished_ = true;
      co_return;
    }
    const Next next = co_await execute_received();
    if (next == Next::close) co_return;
  }
}

Task<> Session::finish(std::shared_ptr<Session> session) {
  co_await session->task_.join();
  if (std::exchange(session->unfinished_, false)) (void)co_await session->execute_received();
  session->close_connection();
}

std::span<char> Session::room() {
  if (received_ == nullptr) {
    received_ = Spare<RequestBuffer>::take();
    received_->begin(read_size_);
  }
  received_->set_limits(server_.live.request_limits());
  return received_->room();
}

void Session::let_go() {
  if (batch_ != nullptr) {
    if (batch_->replies.capacity() < output_.capacity()) batch_->replies.swap(output_);
    Spare<Batch>::give(std::move(batch_));
  }
  if (output_.capacity() > idle_output_bytes_max) std::string().swap(output_);
}

void Session::give_back() noexcept {
  if (received_ == nullptr || !received_->idle()) return;
  read_size_ = received_->size_hint();
  Spare<RequestBuffer>::give(std::move(received_));
}

void Session::close_connection() {
  std::unique_ptr<Connection> closed;
  client_.change([&](ClientFacts&) { closed = std::move(connection_); });
}

bool Session::is_silent(TimePoint now, Duration idle, Duration handshake) {
  bool silent = false;
  client_.look([&](const ClientFacts& facts, bool reading) {
    if (connection_ == nullptr) return;
    const Duration waited = now - facts.active;
    silent = connection_->established() ? reading && idle > Duration{0} && waited >= idle
                                        : handshake > Duration{0} && waited >= handshake;
  });
  return silent;
}

void Session::hang_up() {
  client_.change([&](ClientFacts&) {
    if (connection_ != nullptr) connection_->shut_down();
  });
}

Task<> Session::join(std::shared_ptr<Session> session) { co_await session->task_.join(); }

Task<Session::Next> Session::execute_received() {
  const ServerOptions& options = server_.options;
  const RequestBuffer::Limits limits{.requests = options.batch_requests_max, .bytes = options.batch_bytes_max};
  Next next = Next::go_on;
  do {
    received_->gather(limits);
    next = co_await execute_gathered();
    if (next == Next::go_on && !received_->protocol_error().empty()) {
      reply_.error(received_->protocol_error());
      next = Next::close;
    }
    if (std::exchange(received_is_shared_, false)) {
      received_ = received_->successor();
    } else {
      received_->drop_gathered();
    }
  } while (next == Next::go_on && received_->has_more());
  if (next == Next::go_on && received_->unread() > server_.live.request_bytes_max()) {
    // Without a word to the client, as Redis does it: it has not been heard to the end.
    log_line(LogLevel::warning, fmt::format("{} has sent {} bytes of a request that is not complete, and is cut off",
                                            client_.facts().peer, received_->unread()));
    next = Next::close;
  }
  const Next written = co_await write();
  co_return next == Next::close ? next : written;
}

Task<Session::Next> Session::execute_gathered() {
  const std::size_t count = received_->requests().size();
  const auto is_data = [this](std::size_t index) {
    const Lookup& lookup = received_->requests()[index].lookup;
    return lookup.problem == Lookup::Problem::none && lookup.command->data != nullptr;
  };
  for (std::size_t index = 0; index < count;) {
    Next next = Next::go_on;
    if (is_data(index)) {
      const std::size_t first = index;
      while (index < count && is_data(index)) ++index;
      next = co_await execute_data(first, index);
    } else {
      next = co_await execute_one(index++);
    }
    if (next == Next::go_on && output_.size() >= server_.options.output_bytes_max) next = co_await write();
    if (next == Next::close) co_return next;
  }
  if (count > 0) {
    const Command* last = received_->requests()[count - 1].lookup.command;
    last_command_ = last == nullptr ? std::string_view{} : last->name;
    commands_ += count;
  }
  co_return Next::go_on;
}

/// Where the data commands from `first` on are no longer all reads, or all writes.
std::size_t Session::end_of_stretch(std::size_t first, std::size_t last) const {
  const auto writes = [this](std::size_t index) {
    return (received_->requests()[index].lookup.command->flags & flag::write) != 0;
  };
  std::size_t end = first + 1;
  while (end < last && writes(end) == writes(first)) ++end;
  return end;
}

Task<Session::Next> Session::execute_data(std::size_t first, std::size_t last) {
  bool apart = false;  // Reads in operations of their own.
  while (first < last) {
    const std::size_t end = apart ? end_of_stretch(first, last) : last;
    if (batch_ == nullptr) batch_ = Spare<Batch>::take();
    const std::shared_ptr<Batch> batch = batch_;
    batch->requests = received_;
    batch->next = first;
    batch->last = end;
    batch->replies_bytes_max = server_.options.output_bytes_max;
    batch->protocol = reply_.version();
    Task<Result<void>> operation =
        server_.store->operate([batch](store::Transaction& store) { run_batch(*batch, store); });
    const Result<void> done = co_await std::move(operation);
    if (!done) {
      // The operation may be running still: it keeps the batch and what was received; the session goes on with others.
      batch_.reset();
      received_is_shared_ = true;
      // Of what finds no room nothing is done; and reads need none.
      if (done.error() == ErrorCode::storage_full && !apart && end_of_stretch(first, last) < last) {
        apart = true;
        continue;
      }
      const std::string error = describe_failure(done.error());
      for (; first < end; ++first) reply_.error(error);
      continue;
    }
    first = batch->next;
    if (output_.empty()) {
      output_.swap(batch->replies);
    } else {
      output_ += batch->replies;
      batch->replies.clear();
    }
    if (first < last) {
      const Next next = co_await write();
      if (next == Next::close) co_return next;
    }
  }
  co_return Next::go_on;
}

Task<Session::Next> Session::execute_one(std::size_t index) {
  const RequestBuffer::Request request = received_->requests()[index];
  const Arguments arguments = received_->arguments(request);
  if (request.lookup.problem != Lookup::Problem::none) {
    reply_to_problem(request.lookup, arguments, reply_);
    co_return Next::go_on;
  }
  const Command& command = *request.lookup.command;
  SessionCall call{.server = server_, .client = client_, .arguments = arguments, .reply = reply_};
  if (command.session != nullptr) {
    command.session(call);
  } else {
    Task<> task = command.task(call);
    co_await std::move(task);
  }
  co_return call.close ? Next::close : Next::go_on;
}

Task<Session::Next> Session::write() {
  if (output_.empty()) co_return Next::go_on;
  Task<Result<void>> writing = connection_->write_all(output_);
  const Result<void> written = co_await std::move(writing);
  bytes_written_ += output_.size();
  // A very long reply is not paid for ever after.
  if (output_.capacity() > 2 * server_.options.output_bytes_max) std::string().swap(output_);
  output_.clear();
  co_return written ? Next::go_on : Next::close;
}

}  // namespace understudy::server
