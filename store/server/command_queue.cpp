#include "server/command_queue.hpp"

#include "understudy/journal/record.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace understudy::server {
namespace {

// All changes of a transaction are one batch of the journal. One command adds at most a value of the longest kind.
constexpr std::size_t changes_bytes_max = batch_bytes_max - payload_bytes_max - (std::size_t{1} << 20U);

bool adds_to_the_store(const QueuedCommand& queued) noexcept {
  return runs_in_store(queued) && (queued.command().flags & flag::denyoom) != 0;
}

/// Looking at a key that has died since it was watched is what removes it.
bool has_changed(Transacted& transacted, store::Transaction& store) {
  if (transacted.watch == nullptr) return false;
  for (const WatchedKey& watched : transacted.watched) {
    if (watched.was_there && !store.get(watched.key)) return true;
  }
  return transacted.watch->touched();
}

}  // namespace

QueuedCommand::QueuedCommand(const Command& command, Arguments words) : command_(&command) {
  std::size_t size = 0;
  for (const BytesView word : words) size += word.size();
  bytes_ = std::make_unique_for_overwrite<char[]>(size);  // NOLINT(modernize-avoid-c-arrays)
  words_.reserve(words.size());
  char* end = bytes_.get();
  for (const BytesView word : words) {
    if (!word.empty()) std::memcpy(end, word.data(), word.size());
    words_.emplace_back(end, word.size());
    end += word.size();
  }
}

bool CommandQueue::add(const Command& command, Arguments words, std::size_t bytes_max) {
  std::size_t bytes = sizeof(QueuedCommand) + words.size() * sizeof(BytesView);
  for (const BytesView word : words) bytes += word.size();
  if (bytes > bytes_max - std::min(bytes_, bytes_max)) {
    spoil();
    return false;
  }
  bytes_ += bytes;
  commands_.emplace_back(command, words);
  return true;
}

std::vector<QueuedCommand> CommandQueue::take() noexcept {
  open_ = spoilt_ = false;
  bytes_ = 0;
  return std::exchange(commands_, {});
}

void run_transaction(Transacted& transacted, store::Transaction& store) {
  if (has_changed(transacted, store)) {
    transacted.outcome = Transacted::Outcome::watched_key_changed;
    return;
  }
  if (std::ranges::any_of(transacted.commands, adds_to_the_store) && !store.make_room()) {
    transacted.outcome = Transacted::Outcome::no_room;
    return;
  }
  RespWriter reply(transacted.replies, transacted.protocol);
  DataCall call{.store = store, .arguments = {}, .reply = reply};
  for (const QueuedCommand& queued : transacted.commands) {
    if (!runs_in_store(queued)) continue;
    call.arguments = queued.words();
    if (adds_to_the_store(queued) && call.changed_bytes > changes_bytes_max) {
      reply.error("ERR this transaction changes more than one batch of the journal can hold");
    } else {
      queued.command().data(call);
    }
    transacted.ends.push_back(transacted.replies.size());
  }
}

}  // namespace understudy::server
