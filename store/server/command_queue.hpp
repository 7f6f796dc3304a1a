// CommandQueue: the commands of a transaction, between MULTI and EXEC; and their run, as one operation of the store.
//
// Words are copied as they are queued: the buffer they came in goes on to be used. What EXEC takes away is owned by
// the operation, which may outlive the session.
//
// Threads: one session uses it; a taken queue belongs to whoever runs it.
#pragma once

#include "server/command.hpp"
#include "server/slow_commands.hpp"
#include "understudy/store/watch.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace understudy::server {

/// A command, with words of its own.
class QueuedCommand {
 public:
  QueuedCommand(const Command& command, Arguments words);
  [[nodiscard]] const Command& command() const noexcept { return *command_; }
  [[nodiscard]] Arguments words() const noexcept { return words_; }
  /// It is not to run any more: it has been refused, or has run; this is its reply.
  bool settled = false;
  bool was_refused = false;
  std::string reply;
  /// Its reply is not to be sent.
  bool muted = false;
  /// In which its reply is written, if the store runs it.
  RespVersion protocol = RespVersion::resp2;

 private:
  const Command* command_;
  std::unique_ptr<char[]> bytes_;  // NOLINT(modernize-avoid-c-arrays)
  std::vector<BytesView> words_;
};

/// Whether the store runs it, in the transaction's operation.
[[nodiscard]] inline bool runs_in_store(const QueuedCommand& queued) noexcept {
  return queued.command().data != nullptr && !queued.settled;
}

/// The keys that WATCH has named, and whether each was there.
using WatchedKeys = std::map<Bytes, bool, std::less<>>;

/// What EXEC runs in the store, and what came of it.
struct Transacted {
  std::vector<QueuedCommand> commands;
  /// Null: nothing was watched.
  std::shared_ptr<store::Watch> watch;
  WatchedKeys watched;

  enum class Outcome : std::uint8_t { done, watched_key_changed, no_room };
  Outcome outcome = Outcome::done;
  /// The replies of the data commands, one behind the other, and where each ends.
  std::string replies;
  std::vector<std::size_t> ends;
  /// They are to be all of the reply to EXEC, as most are, however long: so the array's beginning is before them.
  bool replies_are_whole = false;
  SlowCommands slow;
};
/// Whether it would run now: no watched key has changed, and the memory limit allows it. In an operation.
[[nodiscard]] bool may_run(Transacted& transacted, store::Transaction& store);
/// Runs the data commands, if it may. In an operation.
void run_transaction(Transacted& transacted, store::Transaction& store);

class CommandQueue {
 public:
  /// True between MULTI and EXEC or DISCARD.
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  void open() noexcept { open_ = true; }
  [[nodiscard]] std::size_t size() const noexcept { return commands_.size(); }
  /// Whether one of the commands is such.
  [[nodiscard]] bool has(bool (*is_such)(const Command&) noexcept) const noexcept {
    return std::ranges::any_of(commands_, [is_such](const QueuedCommand& queued) { return is_such(queued.command()); });
  }
  /// False, with the transaction spoilt, if the commands would need more than `bytes_max`.
  [[nodiscard]] bool add(const Command& command, Arguments words, std::size_t bytes_max);
  /// A command was refused: EXEC will do nothing.
  void spoil() noexcept { spoilt_ = open_; }
  [[nodiscard]] bool is_spoilt() const noexcept { return spoilt_; }
  /// Ends the transaction, and gives its commands.
  [[nodiscard]] std::vector<QueuedCommand> take() noexcept;

 private:
  std::vector<QueuedCommand> commands_;
  std::size_t bytes_ = 0;
  bool open_ = false;
  bool spoilt_ = false;
};

}  // namespace understudy::server
