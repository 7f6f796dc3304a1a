// Who a client is, and how it is spoken to: AUTH, HELLO, RESET.
#include "server/client.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/gate.hpp"
#include "server/server_context.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::string_view wrong_password = "WRONGPASS invalid username-password pair or user is disabled.";

/// Logs the client in, after a while if others have failed before. If not, the reply says so.
Task<bool> log_in(SessionCall& call, BytesView user, BytesView password) {
  ServerContext& server = call.server;
  const std::string peer = call.client.facts().peer;
  const Duration delay = server.acl.delays().delay(peer, user, server.system.clock().now());
  if (delay > Duration{0}) co_await sleep(delay);
  if (server.acl.log_in(call.client.login(), user, password)) {
    call.client.change([&](ClientFacts& facts) { facts.user = user; });
    co_return true;
  }
  server.acl.delays().note_failure(peer, user, server.system.clock().now());
  note_failed_login(server, call.client, call.arguments[0], user);
  call.reply.error(wrong_password);
  co_return false;
}

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

/// The version that HELLO asks for. None: the reply says what is wrong with it.
std::optional<RespVersion> read_version(SessionCall& call) {
  if (call.arguments.size() == 1) return call.reply.version();
  const std::optional<std::int64_t> number = parse_integer(call.arguments[1]);
  if (!number) {
    call.reply.error("ERR Protocol version is not an integer or out of range");
    return std::nullopt;
  }
  if (*number < 2 || *number > 3) {
    call.reply.error("NOPROTO unsupported protocol version");
    return std::nullopt;
  }
  return *number == 2 ? RespVersion::resp2 : RespVersion::resp3;
}

}  // namespace

Task<> auth(SessionCall& call) {
  const Arguments words = call.arguments;
  if (words.size() > 3) {
    call.reply.error(syntax_error);
    co_return;
  }
  if (words.size() == 2 && call.server.acl.find("default")->any_password) {
    call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
    co_return;
  }
  Task<bool> attempt = log_in(call, words.size() == 2 ? BytesView("default") : words[1], words.back());
  const bool done = co_await std::move(attempt);
  if (done) call.reply.simple("OK");
}

Task<> hello(SessionCall& call) {
  const std::optional<RespVersion> version = read_version(call);
  if (!version) co_return;
  const Arguments options = call.arguments.subspan(std::min<std::size_t>(call.arguments.size(), 2));
  std::optional<BytesView> name;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::size_t words_left = options.size() - i - 1;
    if (is_word(options[i], "AUTH") && words_left >= 2) {
      Task<bool> attempt = log_in(call, options[i + 1], options[i + 2]);
      const bool done = co_await std::move(attempt);
      if (!done) co_return;
      i += 2;
    } else if (is_word(options[i], "SETNAME") && words_left >= 1) {
      name = options[++i];
      if (!is_client_name(*name)) {
        call.reply.error(bad_client_name);
        co_return;
      }
    } else {
      call.reply.error(fmt::format("ERR Syntax error in HELLO option '{}'", shown(options[i])));
      co_return;
    }
  }
  if (!call.client.login().authenticated()) {
    call.reply.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
    co_return;
  }
  if (name) call.client.change([&](ClientFacts& facts) { facts.name = *name; });
  set_protocol(call, *version);
  describe_server(call);
}

void reset(SessionCall& call) {
  set_protocol(call, RespVersion::resp2);
  call.server.acl.log_out(call.client.login());
  call.conversation.reset();
  call.client.change([&](ClientFacts& facts) {
    facts.name.clear();
    facts.channels = facts.patterns = 0;
    facts.queued = -1;
    facts.monitors = false;
    facts.user = call.client.login().user().name;
  });
  call.reply.simple("RESET");
}

}  // namespace understudy::server
