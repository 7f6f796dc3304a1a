#include "server/gate.hpp"

#include "server/client.hpp"
#include "server/commands/arguments.hpp"
#include "server/server_context.hpp"

#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::string_view no_login = "NOAUTH Authentication required.";

bool lacks_login(const Login& login, const Command& command) noexcept {
  return login.must_authenticate() && (command.flags & flag::no_auth) == 0;
}

void note(ServerContext& server, const Client& client, Denials::Entry entry) {
  entry.client = describe_client(client.facts(), server.system.clock().now());
  entry.at = server.system.clock().now();
  server.acl.denials().note(std::move(entry));
}

void note_denial(ServerContext& server, const Client& client, const Verdict& verdict, const Command& command,
                 Arguments arguments, Place place) {
  Denials::Entry entry{.reason = "command", .context = place == Place::top_level ? "toplevel" : "multi"};
  entry.user = client.login().user().name;
  entry.object = command.name;
  if (verdict.denial != Denial::command) {
    entry.reason = verdict.denial == Denial::key ? "key" : "channel";
    entry.object = Denials::beginning_of(arguments[verdict.argument]);
  }
  note(server, client, std::move(entry));
}

std::string denial_error(const Verdict& verdict, const Command& command) {
  switch (verdict.denial) {
    case Denial::command:
      return fmt::format("NOPERM this user has no permissions to run the '{}' command", command.name);
    case Denial::key:
      return "NOPERM this user has no permissions to access one of the keys used as arguments";
    default:
      return "NOPERM this user has no permissions to access one of the channels used as arguments";
  }
}

std::string_view queued_reason(const Verdict& verdict) {
  switch (verdict.denial) {
    case Denial::command:
      return "no permission to execute the command or subcommand";
    case Denial::key:
      return "no permission to touch the specified keys";
    default:
      return "no permission to access one of the channels used as arguments";
  }
}

}  // namespace

bool limits_allow(const Login& login, const Command& command, Arguments arguments) {
  return !lacks_login(login, command) && login.user().check(command, arguments).denial == Denial::none;
}

bool admit(ServerContext& server, const Client& client, const Command& command, Arguments arguments, Place place,
           RespWriter& reply) {
  const Login& login = client.login();
  if (login.limits() == nullptr) return true;
  if (lacks_login(login, command)) {
    reply_refusal(command, no_login, reply);
    return false;
  }
  const Verdict verdict = login.user().check(command, arguments);
  if (verdict.denial == Denial::none) return true;
  note_denial(server, client, verdict, command, arguments, place);
  reply_refusal(command, denial_error(verdict, command), reply);
  return false;
}

bool admit_queued(ServerContext& server, const Client& client, const Command& command, Arguments arguments,
                  RespWriter& reply) {
  const Login& login = client.login();
  if (login.limits() == nullptr) return true;
  const Verdict verdict = login.user().check(command, arguments);
  if (verdict.denial == Denial::none) return true;
  note_denial(server, client, verdict, command, arguments, Place::transaction);
  reply.error(fmt::format(
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
      "command is no longer allowed for the following reason: {}",
      queued_reason(verdict)));
  return false;
}

void reply_refusal(const Command& command, std::string_view error, RespWriter& reply) {
  if (command.name != "exec") {
    reply.error(error);
    return;
  }
  constexpr std::string_view plain = "ERR ";
  if (error.starts_with(plain)) error.remove_prefix(plain.size());
  reply.error(fmt::format("EXECABORT Transaction discarded because of: {}", error));
}

std::string describe_denial(const Verdict& verdict, const Command& command, Arguments arguments) {
  if (verdict.denial == Denial::command) {
    return fmt::format("This user has no permissions to run the '{}' command", command.name);
  }
  return fmt::format("This user has no permissions to access the '{}' {}", shown(arguments[verdict.argument]),
                     verdict.denial == Denial::key ? "key" : "channel");
}

void note_failed_login(ServerContext& server, const Client& client, BytesView command, BytesView user) {
  note(server, client,
       {.reason = "auth", .context = "toplevel", .object = std::string(command), .user = Denials::beginning_of(user)});
}

}  // namespace understudy::server
