// CLIENT and its subcommands.
#include "server/client.hpp"
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/client_choice.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/outbox.hpp"
#include "server/server_context.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

std::int64_t seconds(Duration duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); }

/// In the letters of Redis.
std::string flags_of(const ClientFacts& facts) {
  std::string letters;
  if (facts.monitors) letters += 'O';
  if (type_of(facts) == ClientType::pubsub) letters += 'P';
  if (facts.queued >= 0) letters += 'x';
  return letters.empty() ? "N" : letters;
}

/// The clients that CLIENT LIST is asked for; or the error.
Result<std::vector<ClientFacts>> choose_clients(SessionCall& call) {
  std::vector<ClientFacts> all = call.server.clients.list();
  const Arguments words = call.arguments;
  if (words.size() == 2) return all;
  if (words.size() == 4 && is_word(words[2], "TYPE")) {
    const Result<ClientType> type = parse_client_type(words[3]);
    if (!type) return std::unexpected(type.error());
    std::erase_if(all, [&](const ClientFacts& facts) { return type_of(facts) != *type; });
    return all;
  }
  if (words.size() < 4 || !is_word(words[2], "ID")) return failure(ErrorCode::invalid_argument, syntax_error);
  std::vector<std::int64_t> wanted;
  for (const BytesView word : words.subspan(3)) {
    const std::optional<std::int64_t> id = parse_integer(word);
    if (!id) return failure(ErrorCode::invalid_argument, "ERR Invalid client ID");
    wanted.push_back(*id);
  }
  std::erase_if(all, [&](const ClientFacts& facts) {
    return std::ranges::find(wanted, static_cast<std::int64_t>(facts.id)) == wanted.end();
  });
  return all;
}

void reply_unknown_form(SessionCall& call) {
  call.reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try CLIENT HELP.",
                               shown(call.arguments[1])));
}

}  // namespace

std::string describe_client(const ClientFacts& facts, TimePoint now) {
  const std::size_t unsent = facts.unsent + (facts.outbox == nullptr ? 0 : facts.outbox->unsent());
  return fmt::format(
      "id={} addr={} laddr={} name={} age={} idle={} flags={} db=0 sub={} psub={} ssub=0 multi={} qbuf={} qbuf-free={} "
      "argv-mem=0 obl=0 oll={} omem={} tot-mem={} cmd={} user={} redir=-1 resp={} "
      "lib-name={} lib-ver={} tot-cmds={} tot-net-in={} tot-net-out={}",
      facts.id, facts.peer, facts.local, facts.name, seconds(now - facts.connected),
      seconds(now - facts.progress.active), flags_of(facts), facts.channels, facts.patterns, facts.queued,
      facts.progress.unfinished_bytes, facts.progress.free_bytes, unsent > 0 ? 1 : 0, unsent,
      facts.progress.memory_bytes + unsent, facts.progress.command == nullptr ? "NULL" : *facts.progress.command,
      facts.user, static_cast<int>(facts.protocol), facts.library_name, facts.library_version, facts.progress.commands,
      facts.progress.bytes_read, facts.progress.bytes_written);
}

void client_getname(SessionCall& call) {
  const std::string name = call.client.facts().name;
  if (name.empty()) {
    call.reply.null();
  } else {
    call.reply.bulk(name);
  }
}

void client_help(SessionCall& call) { reply_with_help(*find_command("client"), call.reply); }

void client_id(SessionCall& call) { call.reply.integer(static_cast<std::int64_t>(call.client.facts().id)); }

void client_info(SessionCall& call) {
  ClientFacts facts = call.client.facts();
  static constexpr std::string_view own_name = "client|info";
  facts.progress.command = &own_name;
  call.reply.verbatim("txt", describe_client(facts, call.server.system.clock().now()) + "\n");
}

void client_kill(SessionCall& call) {
  const Arguments words = call.arguments.subspan(2);
  const std::uint64_t own = call.client.facts().id;
  // The older form: an address alone.
  const bool is_old_form = words.size() == 1;
  const Result<KillFilter> filter =
      is_old_form ? KillFilter{.address = words[0], .spares_caller = false} : parse_kill_filter(words, call.server.acl);
  if (!filter) {
    call.reply.error(filter.error().message());
    return;
  }
  std::int64_t killed = 0;
  for (const ClientFacts& facts : call.server.clients.list()) {
    if (!filter->fits(facts, own)) continue;
    if (facts.id == own) {
      call.close = true;  // It gets its answer first.
      ++killed;
    } else if (call.server.clients.cut_off(facts.id)) {
      ++killed;
    }
  }
  if (!is_old_form) {
    call.reply.integer(killed);
  } else if (killed > 0) {
    call.reply.simple("OK");
  } else {
    call.reply.error("ERR No such client");
  }
}

void client_list(SessionCall& call) {
  const Result<std::vector<ClientFacts>> clients = choose_clients(call);
  if (!clients) {
    call.reply.error(clients.error().message());
    return;
  }
  std::string lines;
  static constexpr std::string_view own_name = "client|list";
  const std::uint64_t own = call.client.facts().id;
  for (ClientFacts facts : *clients) {
    if (facts.id == own) facts.progress.command = &own_name;
    lines.append(describe_client(facts, call.server.system.clock().now())).append("\n");
  }
  call.reply.verbatim("txt", lines);
}

void client_no_evict(SessionCall& call) {
  if (is_word(call.arguments[2], "ON") || is_word(call.arguments[2], "OFF")) {
    call.reply.simple("OK");
  } else {
    call.reply.error(syntax_error);
  }
}

void client_pause(SessionCall& call) {
  const Arguments words = call.arguments;
  if (words.size() > 4) {
    reply_unknown_form(call);
    return;
  }
  const bool writes = words.size() == 4 && is_word(words[3], "WRITE");
  if (words.size() == 4 && !writes && !is_word(words[3], "ALL")) {
    call.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    return;
  }
  const std::optional<std::int64_t> milliseconds = parse_integer(words[2]);
  if (!milliseconds || *milliseconds < 0) {
    call.reply.error(milliseconds ? "ERR timeout is negative" : "ERR timeout is not an integer or out of range");
    return;
  }
  // Longer than anybody waits, and short enough to be counted in any unit.
  constexpr std::int64_t longest = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  call.server.pause.begin(writes ? CommandPause::What::writes : CommandPause::What::all,
                          std::chrono::milliseconds(std::min(*milliseconds, longest)));
  call.reply.simple("OK");
}

void client_reply(SessionCall& call) {
  ReplySwitch& replies = call.conversation.reply_switch;
  if (is_word(call.arguments[2], "ON")) {
    replies.off = false;
    replies.skips = false;
    call.reply.simple("OK");
  } else if (is_word(call.arguments[2], "OFF")) {
    replies.off = true;
  } else if (is_word(call.arguments[2], "SKIP")) {
    if (!replies.off) replies.skips_next = true;
  } else {
    call.reply.error(syntax_error);
  }
}

void client_setinfo(SessionCall& call) {
  const BytesView what = call.arguments[2];
  const BytesView value = call.arguments[3];
  const bool is_name = is_word(what, "LIB-NAME");
  if (!is_name && !is_word(what, "LIB-VER")) {
    call.reply.error(fmt::format("ERR Unrecognized option '{}'", shown(what)));
  } else if (!is_client_name(value)) {
    call.reply.error(fmt::format("ERR {} cannot contain spaces, newlines or special characters.", what));
  } else {
    call.client.change([&](ClientFacts& facts) { (is_name ? facts.library_name : facts.library_version) = value; });
    call.reply.simple("OK");
  }
}

void client_setname(SessionCall& call) {
  if (!is_client_name(call.arguments[2])) {
    call.reply.error(bad_client_name);
    return;
  }
  call.client.change([&](ClientFacts& facts) { facts.name = call.arguments[2]; });
  call.reply.simple("OK");
}

void client_unblock(SessionCall& call) {
  const Arguments words = call.arguments;
  if (words.size() > 4) {
    reply_unknown_form(call);
  } else if (words.size() == 4 && !is_word(words[3], "TIMEOUT") && !is_word(words[3], "ERROR")) {
    call.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  } else if (!parse_integer(words[2])) {
    call.reply.error(not_an_integer);
  } else {
    call.reply.integer(0);  // No command blocks.
  }
}

void client_unpause(SessionCall& call) {
  call.server.pause.end();
  call.reply.simple("OK");
}

}  // namespace understudy::server
