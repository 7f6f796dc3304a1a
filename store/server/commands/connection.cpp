// Commands about the connection itself.
#include "server/client.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/server_context.hpp"

#include <limits>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::string_view wrong_password = "WRONGPASS invalid username-password pair or user is disabled.";

// As a Redis without passwords: there is one user, and whatever password it gives will do.
bool knows_user(BytesView user) { return user == "default"; }

void set_protocol(SessionCall& call, RespVersion version) {
  call.reply.set_version(version);
  call.client.change([&](ClientFacts& facts) { facts.protocol = version; });
}

void describe_server(SessionCall& call) {
  RespWriter& reply = call.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(redis_version);
  reply.bulk("proto");
  reply.integer(static_cast<std::int64_t>(reply.version()));
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(call.client.facts().id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

}  // namespace

void auth(SessionCall& call) {
  if (call.arguments.size() > 3) {
    call.reply.error(syntax_error);
  } else if (call.arguments.size() == 2) {
    call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  } else if (knows_user(call.arguments[1])) {
    call.reply.simple("OK");
  } else {
    call.reply.error(wrong_password);
  }
}

void echo(SessionCall& call) { call.reply.bulk(call.arguments[1]); }

void hello(SessionCall& call) {
  RespVersion version = call.reply.version();
  if (call.arguments.size() > 1) {
    const std::optional<std::int64_t> number = parse_integer(call.arguments[1]);
    if (!number) {
      call.reply.error("ERR Protocol version is not an integer or out of range");
      return;
    }
    if (*number < 2 || *number > 3) {
      call.reply.error("NOPROTO unsupported protocol version");
      return;
    }
    version = *number == 2 ? RespVersion::resp2 : RespVersion::resp3;
  }
  const Arguments options = call.arguments.subspan(std::min<std::size_t>(call.arguments.size(), 2));
  std::optional<BytesView> name;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::size_t words_left = options.size() - i - 1;
    if (is_word(options[i], "AUTH") && words_left >= 2) {
      if (!knows_user(options[i + 1])) {
        call.reply.error(wrong_password);
        return;
      }
      i += 2;
    } else if (is_word(options[i], "SETNAME") && words_left >= 1) {
      name = options[++i];
      if (!is_client_name(*name)) {
        call.reply.error(bad_client_name);
        return;
      }
    } else {
      call.reply.error(fmt::format("ERR Syntax error in HELLO option '{}'", shown(options[i])));
      return;
    }
  }
  if (name) call.client.change([&](ClientFacts& facts) { facts.name = *name; });
  set_protocol(call, version);
  describe_server(call);
}

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

void reset(SessionCall& call) {
  set_protocol(call, RespVersion::resp2);
  call.conversation.reset();
  call.client.change([](ClientFacts& facts) {
    facts.name.clear();
    facts.channels = facts.patterns = 0;
    facts.queued = -1;
    facts.monitors = false;
  });
  call.reply.simple("RESET");
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
