// Channels: subscribing to them, publishing, and asking about them.
#include "server/channels.hpp"
#include "server/client.hpp"
#include "server/command_table.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/glob.hpp"
#include "server/server_context.hpp"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using Kind = Channels::Kind;

void confirm(SessionCall& call, std::string_view what, std::optional<BytesView> name) {
  call.conversation.reply_switch.writer_decides = true;  // A message, whatever replies are asked for.
  call.reply.push(3);
  call.reply.bulk(what);
  if (name) {
    call.reply.bulk(*name);
  } else {
    call.reply.null();
  }
  call.reply.integer(static_cast<std::int64_t>(call.conversation.subscriptions.count()));
}

void note_counts(SessionCall& call) {
  const Subscriptions& all = call.conversation.subscriptions;
  call.client.change([&](ClientFacts& facts) {
    facts.channels = all.count(Kind::channel);
    facts.patterns = all.count(Kind::pattern);
  });
}

void subscribe_to(SessionCall& call, Kind kind, std::string_view what) {
  const ServerOptions& options = call.server.options;
  const bool of_channels = kind == Kind::channel;
  const std::size_t most = of_channels ? options.subscription_bytes_max : options.pattern_bytes_max;
  if (call.conversation.subscriptions.bytes_with(kind, call.arguments.subspan(1)) > most) {
    call.reply.error(fmt::format("ERR the {} that a connection subscribes to may need at most {} bytes",
                                 of_channels ? "channels" : "patterns", most));
    return;
  }
  for (const BytesView name : call.arguments.subspan(1)) {
    call.conversation.subscriptions.add(kind, name);
    confirm(call, what, name);
  }
  note_counts(call);
}

void unsubscribe_from(SessionCall& call, Kind kind, std::string_view what) {
  Subscriptions& all = call.conversation.subscriptions;
  if (call.arguments.size() > 1) {
    for (const BytesView name : call.arguments.subspan(1)) {
      all.remove(kind, name);
      confirm(call, what, name);
    }
  } else {
    const std::vector<Bytes> names = all.names(kind);
    for (const Bytes& name : names) {
      all.remove(kind, name);
      confirm(call, what, name);
    }
    if (names.empty()) confirm(call, what, std::nullopt);
  }
  note_counts(call);
}

}  // namespace

void subscribe(SessionCall& call) { subscribe_to(call, Kind::channel, "subscribe"); }
void psubscribe(SessionCall& call) { subscribe_to(call, Kind::pattern, "psubscribe"); }
void unsubscribe(SessionCall& call) { unsubscribe_from(call, Kind::channel, "unsubscribe"); }
void punsubscribe(SessionCall& call) { unsubscribe_from(call, Kind::pattern, "punsubscribe"); }

void publish(SessionCall& call) {
  const std::optional<std::size_t> receivers = call.server.channels.publish(call.arguments[1], call.arguments[2]);
  if (receivers) {
    call.reply.integer(static_cast<std::int64_t>(*receivers));
  } else {
    call.reply.error("ERR the channel's name is too long to compare with all patterns");
  }
}

void pubsub_channels(SessionCall& call) {
  if (call.arguments.size() > 3) {
    call.reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try PUBSUB HELP.",
                                 call.arguments[1]));
    return;
  }
  const std::optional<std::vector<Bytes>> found =
      call.server.channels.active(call.arguments.size() == 3 ? call.arguments[2] : BytesView("*"));
  if (!found) {
    call.reply.error(glob_too_long);
    return;
  }
  call.reply.array(found->size());
  for (const Bytes& name : *found) call.reply.bulk(name);
}

void pubsub_help(SessionCall& call) { reply_with_help(*find_command("pubsub"), call.reply); }

void pubsub_numpat(SessionCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.server.channels.count(Kind::pattern)));
}

void pubsub_numsub(SessionCall& call) {
  const Arguments names = call.arguments.subspan(2);
  call.reply.array(2 * names.size());
  for (const BytesView name : names) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<std::int64_t>(call.server.channels.subscribers_of(name)));
  }
}

void monitor(SessionCall& call) {
  if (!call.may_wait) {
    call.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  // To ask for it again is answered with nothing.
  if (!call.conversation.subscriptions.monitor()) return;
  call.client.change([](ClientFacts& facts) { facts.monitors = true; });
  call.reply.simple("OK");
}

}  // namespace understudy::server
