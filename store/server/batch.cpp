#include "server/batch.hpp"

#include <fmt/format.h>

namespace understudy::server {

void run_batch(Batch& batch, store::Transaction& store) {
  RespWriter reply(batch.replies, batch.protocol);
  DataCall call{.store = store, .arguments = {}, .reply = reply};
  do {
    const RequestBuffer::Request& request = batch.requests->requests()[batch.next];
    call.arguments = batch.requests->arguments(request);
    const Command& command = *request.lookup.command;
    if ((command.flags & flag::denyoom) != 0 && !store.make_room()) {
      reply.error("OOM command not allowed when used memory > 'maxmemory'.");
    } else {
      command.data(call);
    }
    ++batch.next;
  } while (batch.next < batch.last && batch.replies.size() < batch.replies_bytes_max &&
           call.changed_bytes < batch.changes_bytes_max && call.keys_seen < batch.keys_seen_max);
}

std::string describe_failure(const Error& error) {
  if (error == ErrorCode::storage_failed || error == ErrorCode::storage_full)
    return fmt::format("MISCONF Errors writing to the journal: {}", error.message());
  return fmt::format("ERR {}", error.message());
}

}  // namespace understudy::server
