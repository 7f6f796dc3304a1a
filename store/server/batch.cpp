#include "server/batch.hpp"

#include "server/change_room.hpp"

#include <fmt/format.h>

namespace understudy::server {

void Batch::run(store::Transaction& store) {
  RespWriter reply(replies, protocol);
  DataCall call{.store = store, .arguments = {}, .reply = reply};
  const std::size_t room = store.room_for_changes();
  const std::size_t first = next;
  do {
    const RequestBuffer::Request& request = requests->requests()[next];
    call.arguments = requests->arguments(request);
    const Command& command = *request.lookup.command;
    if (!words_fit(store, command, call.arguments)) {
      if (next > first) return;  // It may, in an operation of its own.
      reply.error(too_many_changes);
    } else if ((command.flags & flag::denyoom) != 0 && !store.make_room()) {
      reply.error("OOM command not allowed when used memory > 'maxmemory'.");
    } else {
      slow.run(command, call, next);
    }
    ++next;
  } while (next < last && replies.size() < replies_bytes_max && room - store.room_for_changes() < changes_bytes_max &&
           call.keys_seen < keys_seen_max);
}

std::string describe_failure(const Error& error) {
  if (error == ErrorCode::storage_failed || error == ErrorCode::storage_full)
    return fmt::format("MISCONF Errors writing to the journal: {}", error.message());
  return fmt::format("ERR {}", error.message());
}

}  // namespace understudy::server
