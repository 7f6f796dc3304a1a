// Commands that a connection is tested, and ended, with.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"

#include <limits>

namespace understudy::server {
void echo(SessionCall& call) { call.reply.bulk(call.arguments[1]); }

void ping(SessionCall& call) {
  if (call.arguments.size() > 2) {
    call.reply.error("ERR wrong number of arguments for 'ping' command");
  } else if (call.conversation.is_subscriber(call.reply.version())) {
    // In version 2 the form of a message, so that clients that wait for one are not surprised.
    call.reply.array(2);
    call.reply.bulk("pong");
    call.reply.bulk(call.arguments.size() == 2 ? call.arguments[1] : BytesView());
  } else if (call.arguments.size() == 2) {
    call.reply.bulk(call.arguments[1]);
  } else {
    call.reply.simple("PONG");
  }
}

void quit(SessionCall& call) {
  call.reply.simple("OK");
  call.close = true;
}

void select(SessionCall& call) {
  const std::optional<std::int64_t> number = parse_integer(call.arguments[1]);
  if (!number) {
    call.reply.error(not_an_integer);
  } else if (*number < std::numeric_limits<std::int32_t>::min() || *number > std::numeric_limits<std::int32_t>::max()) {
    call.reply.error("ERR value is out of range, value must between -2147483648 and 2147483647");
  } else if (*number != 0) {
    call.reply.error("ERR DB index is out of range");
  } else {
    call.reply.simple("OK");
  }
}

}  // namespace understudy::server
