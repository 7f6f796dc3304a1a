#include "server/command_queue.hpp"

#include "server/change_room.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

bool adds_to_the_store(const QueuedCommand& queued) noexcept {
  return runs_in_store(queued) && (queued.command().flags & flag::denyoom) != 0;
}

/// Looking at a key that has died since it was watched is what removes it.
bool has_changed(Transacted& transacted, store::Transaction& store) {
  if (transacted.watch == nullptr) return false;
  for (const auto& [key, was_there] : transacted.watched) {
    if (was_there && !store.get(key)) return true;
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

bool may_run(Transacted& transacted, store::Transaction& store) {
  if (has_changed(transacted, store)) {
    transacted.outcome = Transacted::Outcome::watched_key_changed;
    return false;
  }
  if (std::ranges::any_of(transacted.commands, adds_to_the_store) && !store.make_room()) {
    transacted.outcome = Transacted::Outcome::no_room;
    return false;
  }
  return true;
}

void run_transaction(Transacted& transacted, store::Transaction& store) {
  if (!may_run(transacted, store)) return;
  RespWriter reply(transacted.replies);
  DataCall call{.store = store, .arguments = {}, .reply = reply};
  if (transacted.replies_are_whole) reply.array(transacted.commands.size());
  for (std::size_t index = 0; index < transacted.commands.size(); ++index) {
    const QueuedCommand& queued = transacted.commands[index];
    if (!runs_in_store(queued)) continue;
    call.arguments = queued.words();
    reply.set_version(queued.protocol);
    if (transacted.replies.size() > reply_bytes_max) {
      reply.error(fmt::format("ERR the replies of this transaction are longer than {} bytes", reply_bytes_max));
    } else if (!words_fit(store, queued.command(), call.arguments)) {
      reply.error(too_many_changes);
    } else {
      transacted.slow.watch(index, [&] { queued.command().data(call); });
    }
    transacted.ends.push_back(transacted.replies.size());
  }
}

}  // namespace understudy::server
