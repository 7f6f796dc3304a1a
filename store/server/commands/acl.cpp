// ACL and its subcommands: users and what they may do.
#include "server/acl/user_file.hpp"
#include "server/categories.hpp"
#include "server/client.hpp"
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/gate.hpp"
#include "server/server_context.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/blocking.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::size_t shown_max = 128;
constexpr std::string_view no_file =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    "users in the Redis configuration.";

/// The error for a subcommand that takes one word more, or none. True if there are more.
bool has_too_many(SessionCall& call) {
  if (call.arguments.size() <= 3) return false;
  call.reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try ACL HELP.",
                               shown(call.arguments[1], shown_max)));
  return true;
}

/// Connections that have subscribed to what their users, who have been narrowed, may not use any more. As in Redis it
/// is what they have subscribed to that counts.
std::vector<std::uint64_t> listeners_without_right(ServerContext& server, const std::vector<std::string>& narrowed) {
  struct Listener {
    std::shared_ptr<const Outbox> outbox;
    std::uint64_t id;
    std::shared_ptr<const User> user;
  };
  std::map<const Outbox*, Listener> listeners;
  for (const ClientFacts& facts : server.clients.list()) {
    if (facts.outbox == nullptr || std::ranges::find(narrowed, facts.user) == narrowed.end()) continue;
    std::shared_ptr<const User> user = server.acl.find(facts.user);
    if (user != nullptr)
      listeners.emplace(facts.outbox.get(), Listener{.outbox = facts.outbox, .id = facts.id, .user = std::move(user)});
  }
  std::vector<std::uint64_t> found;
  server.channels.for_each([&](Channels::Kind kind, BytesView name, const Outbox& subscriber) {
    const auto listener = listeners.find(&subscriber);
    if (listener == listeners.end() || listener->second.user->allows_channel(name, kind == Channels::Kind::pattern))
      return;
    found.push_back(listener->second.id);
    listeners.erase(listener);
  });
  return found;
}

/// Ends the connections that a change of users leaves to be ended; its own once it has its reply.
void end_connections(SessionCall& call, const Acl::Aftermath& aftermath) {
  for (const std::uint64_t id : aftermath.removed) {
    if (id != call.client.facts().id) call.server.clients.cut_off(id);
  }
  if (aftermath.narrowed.empty()) return;
  for (const std::uint64_t id : listeners_without_right(call.server, aftermath.narrowed)) {
    if (id == call.client.facts().id) {
      call.close = true;
    } else {
      call.server.clients.cut_off(id);
    }
  }
}

void reply_permissions(RespWriter& reply, const Permissions& permissions) {
  reply.bulk("commands");
  reply.bulk(permissions.describe_commands());
  reply.bulk("keys");
  reply.bulk(permissions.describe_keys());
  reply.bulk("channels");
  reply.bulk(permissions.describe_channels(false));
}

void reply_denials(SessionCall& call, std::size_t count) {
  RespWriter& reply = call.reply;
  const std::vector<Denials::Entry> entries = call.server.acl.denials().newest(count);
  reply.array(entries.size());
  for (const Denials::Entry& entry : entries) {
    reply.map(7);
    reply.bulk("count");
    reply.integer(static_cast<std::int64_t>(entry.count));
    for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>{"reason", entry.reason},
                                      {"context", entry.context},
                                      {"object", entry.object},
                                      {"username", entry.user}}) {
      reply.bulk(name);
      reply.bulk(value);
    }
    reply.bulk("age-seconds");
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(call.server.system.clock().now() - entry.at);
    reply.number(static_cast<double>(age.count()) / 1000);
    reply.bulk("client-info");
    reply.bulk(entry.client);
  }
}

}  // namespace

void acl_cat(SessionCall& call) {
  if (has_too_many(call)) return;
  std::vector<std::string_view> names;
  if (call.arguments.size() == 2) {
    for (const Category& each : categories()) names.push_back(each.name);
  } else {
    const Category* category = find_category(call.arguments[2]);
    if (category == nullptr) {
      call.reply.error(fmt::format("ERR Unknown category '{}'", shown(call.arguments[2], shown_max)));
      return;
    }
    for (const Command& each : command_table()) {
      if (category->has(each)) names.push_back(each.name);
    }
  }
  call.reply.array(names.size());
  for (const std::string_view name : names) call.reply.bulk(name);
}

void acl_deluser(SessionCall& call) {
  const Arguments names = call.arguments.subspan(2);
  if (std::ranges::find(names, BytesView("default")) != names.end()) {
    call.reply.error("ERR The 'default' user cannot be removed");
    return;
  }
  Acl::Aftermath aftermath;
  const std::size_t removed = call.server.acl.remove_users(names, aftermath);
  end_connections(call, aftermath);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

void acl_dryrun(SessionCall& call) {
  const Arguments words = call.arguments.subspan(3);
  const auto user = call.server.acl.find(call.arguments[2]);
  if (user == nullptr) {
    call.reply.error(fmt::format("ERR User '{}' not found", shown(call.arguments[2])));
    return;
  }
  const Lookup lookup = look_up(words);
  if (lookup.command == nullptr || lookup.problem == Lookup::Problem::unknown_subcommand) {
    call.reply.error(fmt::format("ERR Command '{}' not found", shown(words[0])));
    return;
  }
  if (lookup.problem == Lookup::Problem::wrong_arity) {
    reply_to_problem(lookup, words, call.reply);
    return;
  }
  const Verdict verdict = user->check(*lookup.command, words);
  if (verdict.denial == Denial::none) {
    call.reply.simple("OK");
  } else {
    call.reply.bulk(describe_denial(verdict, *lookup.command, words));
  }
}

void acl_genpass(SessionCall& call) {
  if (has_too_many(call)) return;
  std::int64_t bits = 256;
  if (call.arguments.size() == 3) {
    const std::optional<std::int64_t> number = parse_integer(call.arguments[2]);
    if (!number) {
      call.reply.error(not_an_integer);
      return;
    }
    bits = *number;
  }
  constexpr std::int64_t bits_max = 4096;
  if (bits <= 0 || bits > bits_max) {
    call.reply.error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096");
    return;
  }
  call.reply.bulk(make_password(static_cast<std::size_t>(bits)));
}

void acl_getuser(SessionCall& call) {
  const auto user = call.server.acl.find(call.arguments[2]);
  RespWriter& reply = call.reply;
  if (user == nullptr) {
    reply.null();
    return;
  }
  reply.map(6);
  reply.bulk("flags");
  const std::vector<std::string_view> flags = flags_of(*user);
  reply.set(flags.size());
  for (const std::string_view flag : flags) reply.bulk(flag);
  reply.bulk("passwords");
  reply.array(user->passwords.size());
  for (const PasswordHash& hash : user->passwords) reply.bulk(to_hexadecimal(hash));
  reply_permissions(reply, user->permissions);
  reply.bulk("selectors");
  reply.array(user->selectors.size());
  for (const Permissions& selector : user->selectors) {
    reply.map(3);
    reply_permissions(reply, selector);
  }
}

void acl_help(SessionCall& call) { reply_with_help(*find_command("acl"), call.reply); }

void acl_list(SessionCall& call) {
  const auto users = call.server.acl.users();
  call.reply.array(users.size());
  for (const auto& user : users) call.reply.bulk(describe_user(*user));
}

Task<> acl_load(SessionCall& call) {
  const AclOptions& options = call.server.options.acl;
  if (options.file.empty()) {
    call.reply.error(no_file);
    co_return;
  }
  Task<Result<std::string>> reading = blocking(options.read_file);
  const Result<std::string> text = co_await std::move(reading);
  Result<std::vector<User>> users = text ? parse_users(*text, options.file) : std::unexpected(text.error());
  if (!users) {
    call.reply.error(
        fmt::format("ERR {} WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
                    users.error().message()));
    co_return;
  }
  Acl::Aftermath aftermath;
  call.server.acl.replace_users(std::move(*users), aftermath);
  end_connections(call, aftermath);
  call.reply.simple("OK");
}

void acl_log(SessionCall& call) {
  if (has_too_many(call)) return;
  constexpr std::int64_t usual = 10;
  std::int64_t count = usual;
  if (call.arguments.size() == 3) {
    if (is_word(call.arguments[2], "RESET")) {
      call.server.acl.denials().clear();
      call.reply.simple("OK");
      return;
    }
    const std::optional<std::int64_t> number = parse_integer(call.arguments[2]);
    if (!number) {
      call.reply.error(not_an_integer);
      return;
    }
    count = std::max<std::int64_t>(*number, 0);
  }
  reply_denials(call, static_cast<std::size_t>(count));
}

Task<> acl_save(SessionCall& call) {
  const AclOptions& options = call.server.options.acl;
  if (options.file.empty()) {
    call.reply.error(no_file);
    co_return;
  }
  auto write = [write_file = options.write_file, text = write_users(call.server.acl.users())] {
    return write_file(text);
  };
  Task<Result<void>> writing = blocking(std::move(write));
  const Result<void> written = co_await std::move(writing);
  if (written) {
    call.reply.simple("OK");
    co_return;
  }
  log_line(LogLevel::warning, fmt::format("the users could not be saved: {}", written.error().message()));
  call.reply.error("ERR There was an error trying to save the ACLs. Please check the server logs for more information");
}

void acl_setuser(SessionCall& call) {
  if (!is_user_name(call.arguments[2])) {
    call.reply.error("ERR Usernames can't contain spaces or null characters");
    return;
  }
  const Result<std::vector<std::string>> rules = join_selectors(call.arguments.subspan(3));
  if (!rules) {
    call.reply.error(fmt::format("ERR {}", rules.error().message()));
    return;
  }
  std::string rule;
  Acl::Aftermath aftermath;
  const Result<void> changed = call.server.acl.change_user(call.arguments[2], *rules, aftermath, &rule);
  if (changed) {
    end_connections(call, aftermath);
    call.reply.simple("OK");
  } else {
    call.reply.error(fmt::format("ERR Error in ACL SETUSER modifier '{}': {}", shown(rule), changed.error().message()));
  }
}

void acl_users(SessionCall& call) {
  const auto users = call.server.acl.users();
  call.reply.array(users.size());
  for (const auto& user : users) call.reply.bulk(user->name);
}

void acl_whoami(SessionCall& call) { call.reply.bulk(call.client.login().user().name); }

}  // namespace understudy::server
