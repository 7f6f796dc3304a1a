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
  /// The error that is its reply: it is not to run any more. Empty: it is.
  std::string refusal;

 private:
  const Command* command_;
  std::unique_ptr<char[]> bytes_;  // NOLINT(modernize-avoid-c-arrays)
  std::vector<BytesView> words_;
};

/// Whether the store runs it, in the transaction's operation.
[[nodiscard]] inline bool runs_in_store(const QueuedCommand& queued) noexcept {
  return queued.command().data != nullptr && queued.refusal.empty();
}

/// The keys that WATCH has named, and whether each was there.
using WatchedKeys = std::map<Bytes, bool, std::less<>>;

/// What EXEC runs in the store, and what came of it.
struct Transacted {
  std::vector<QueuedCommand> commands;
  /// Null: nothing was watched.
  std::shared_ptr<store::Watch> watch;
  WatchedKeys watched;
  RespVersion protocol = RespVersion::resp2;

  enum class Outcome : std::uint8_t { done, watched_key_changed, no_room };
  Outcome outcome = Outcome::done;
  /// The replies of the data commands, one behind the other, and where each ends. If all commands are such, all of the
  /// reply to EXEC.
  std::string replies;
  std::vector<std::size_t> ends;
  SlowCommands slow;

  [[nodiscard]] bool is_all_data() const noexcept {
    return !commands.empty() && std::ranges::all_of(commands, runs_in_store);
  }
};
/// Runs the data commands, unless a watched key has changed, or the memory limit forbids it. In an operation.
void run_transaction(Transacted& transacted, store::Transaction& store);

class CommandQueue {
 public:
  /// True between MULTI and EXEC or DISCARD.
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  void open() noexcept { open_ = true; }
  [[nodiscard]] std::size_t size() const noexcept { return commands_.size(); }
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
