// Session: one connection, from its first byte to its last.
//
//   read what there is -> cut it into commands -> run them, neighbouring data commands as one operation of the store ->
//   write the replies at once -> read again
//
// Commands run in the order they came, and the next read waits for the replies to be written: a client that sends
// faster than it reads is held up by its own connection. What is held for it is bounded (ServerOptions).
//
// Threads: `run` and `finish` are one after the other; all else may be called from any thread.
#pragma once

#include "server/batch.hpp"
#include "server/client.hpp"
#include "server/conversation.hpp"
#include "server/request_buffer.hpp"
#include "server/server_context.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task_group.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace understudy::server {

class Session final : private ReadRoom {
 public:
  Session(ServerContext& server, std::unique_ptr<Connection> connection, ClientFacts facts);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override;

  /// Starts serving. `ended` is called as the last thing the session does, unless it is interrupted or cancelled.
  void start(std::function<void(Session&)> ended);
  /// Asks it to end: at once if it waits for bytes, else after it has answered what it has read.
  void ask_to_stop();
  /// Waits until it has ended, then does what an interruption left undone.
  [[nodiscard]] static Task<> finish(std::shared_ptr<Session> session);
  /// Ends it where it is; soon.
  void cancel() noexcept { task_.cancel(); }
  /// Ends it if its client has left too much unread for too long. Any thread.
  void end_if_overdue(TimePoint now);
  /// It has waited for its client longer than `idle` (zero: it may for ever), or for the handshake longer than that.
  [[nodiscard]] bool is_silent(TimePoint now, Duration idle, Duration handshake);
  /// Breaks its connection: it ends as it does when its client goes. Any thread.
  void hang_up();
  /// Waits until it has ended. Not while `finish` waits.
  [[nodiscard]] static Task<> join(std::shared_ptr<Session> session);

  [[nodiscard]] const Client& client() const noexcept { return client_; }

 private:
  enum class Next : std::uint8_t { go_on, close };
  /// Where it begins: by reading, or with what has been received.
  enum class Start : std::uint8_t { reading, received };

  static Task<> run(Session& session, std::function<void(Session&)> ended);
  /// Reads, executes and replies until the connection is to end. What each read goes through is one coroutine: another
  /// one for each step would cost more than most of the steps do.
  Task<> serve(Start start);
  /// Something may have come to be read; or nothing has.
  std::span<char> room() override;
  void give_back() noexcept override;
  /// It is about to wait: lets go of what it needs no more.
  void let_go();
  void note_memory() noexcept;
  void close_connection();
  /// Cuts what was received into requests, as many as are to be run together.
  void gather();
  /// After all of these have run. To close: what came behind them is no request.
  Next end_gathered();
  void drop_gathered();
  /// Of commands from `first` on, how far they run together; `first` itself: it runs by itself.
  [[nodiscard]] std::size_t end_of_neighbours(std::size_t first) const noexcept;
  /// Where the data commands from `first` on are no longer all reads, or all writes.
  [[nodiscard]] std::size_t end_of_stretch(std::size_t first, std::size_t last) const noexcept;
  /// The operation that runs the data commands from `first` up to `last`: it ends before that if replies grow long, or
  /// if reads are to run without the writes that find no room.
  [[nodiscard]] store::Operation begin_operation(std::size_t first, std::size_t last);
  /// Takes its replies, or says to each of its commands why there are none. Gives the command that comes next.
  [[nodiscard]] std::size_t end_operation(const Result<void>& done, std::size_t first, std::size_t last);
  /// More has come than a request may have, and it is not complete.
  [[nodiscard]] bool is_too_much() const;
  Task<Next> execute_one(std::size_t index);
  /// While there is a pause (CLIENT PAUSE) that this command has to wait for.
  Task<Next> wait_for_pause(std::size_t index);
  /// Runs one command for itself, whatever it is.
  Task<Next> run_command(std::size_t index);
  /// Whether the command may run together with its neighbours, as most do: nothing but the store is asked for it.
  [[nodiscard]] bool joins_neighbours(const RequestBuffer::Request& request) const noexcept;
  /// The reply that refuses a command, or that it has been queued; false if it is to run.
  [[nodiscard]] bool is_put_off(const Command& command, Arguments arguments);
  /// What the client's state does not allow: spoils a transaction, or ends it, as in Redis.
  void refuse_here(const Command& command, std::string_view error);
  void reply_to_refused(const Lookup& lookup, Arguments arguments);
  void note_http();
  void end_transaction();
  /// Writes what the system takes at once, as it does nearly always; false: there is more to write.
  bool write_at_once();
  /// `last`: nothing comes behind it, so all must be on its way before the connection ends.
  Task<Next> write(bool last = false);
  Task<Result<void>> write_replies();
  std::shared_ptr<Outbox> open_outbox();
  void end_pushes();

  ServerContext& server_;
  const Clock& clock_;
  Client client_;
  std::shared_ptr<Connection> connection_;   // Shared with the outbox. Taken away under the client's lock.
  std::shared_ptr<RequestBuffer> received_;  // None while it waits for a request to begin.
  std::size_t read_size_ = 0;                // What it reads into next time; 0: the usual.
  std::shared_ptr<Batch> batch_;             // None while it has run no data command since.
  std::string output_;
  RespWriter reply_;
  std::shared_ptr<Outbox> outbox_;  // Null: nothing is sent but replies.
  Conversation conversation_;
  bool received_is_shared_ = false;  // An operation that failed may still read what was received.
  bool reads_apart_ = false;         // Of what is gathered: the disk has no room for the writes among it.
  bool unfinished_ = false;          // Interrupted with bytes that came in the same moment.
  ClientProgress::Figures progress_;
  TaskGroup task_;  // Last: its end cancels the task, which uses all the others.
};

}  // namespace understudy::server
