#include "server/batch.hpp"

#include "server/change_room.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace understudy::server {
namespace {

void run_one(const Command& command, DataCall& call) {
  if ((command.flags & flag::denyoom) != 0 && !call.store.make_room()) {
    call.reply.error("OOM command not allowed when used memory > 'maxmemory'.");
  } else {
    command.data(call);
  }
}

}  // namespace

void Batch::run(store::Transaction& store) {
  RespWriter reply(replies, protocol);
  DataCall call{.store = store, .arguments = {}, .reply = reply};
  const std::size_t room = store.room_for_changes();
  const std::size_t first = next;
  do {
    if ((next - first) % store::expected_keys_max == 0) announce_keys(store);
    const RequestBuffer::Request& request = requests->requests()[next];
    call.arguments = requests->arguments(request);
    const Command& command = *request.lookup.command;
    if (!words_fit(store, command, call.arguments)) {
      if (next > first) return;  // It may, in an operation of its own.
      reply.error(too_many_changes);
    } else {
      slow.watch(next, [&] { run_one(command, call); });
    }
    ++next;
  } while (next < last && replies.size() < replies_bytes_max && room - store.room_for_changes() < changes_bytes_max &&
           call.keys_seen < keys_seen_max);
}

BytesView Batch::first_key() const noexcept { return first_key_of(next); }

BytesView Batch::first_key_of(std::size_t index) const noexcept {
  const RequestBuffer::Request& request = requests->requests()[index];
  const auto place = static_cast<std::size_t>(request.lookup.command->keys.first);
  const Arguments arguments = requests->arguments(request);
  return place > 0 && place < arguments.size() ? arguments[place] : BytesView();
}

void Batch::announce_keys(store::Transaction& store) const {
  const std::size_t count = std::min(last - next, store::expected_keys_max);
  if (count < 2) return;  // Nothing is gained for one alone.
  std::array<BytesView, store::expected_keys_max> keys{};
  for (std::size_t i = 0; i < count; ++i) keys[i] = first_key_of(next + i);
  store.expect(std::span(keys).first(count));
}

std::string describe_failure(const Error& error) {
  if (error == ErrorCode::storage_failed || error == ErrorCode::storage_full)
    return fmt::format("MISCONF Errors writing to the journal: {}", error.message());
  return fmt::format("ERR {}", error.message());
}

}  // namespace understudy::server
