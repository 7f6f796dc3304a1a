// The gate: whether a client may run a command. Every command passes it, before it is run or queued.
//
// A client that may do everything pays a test of one pointer for it.
//
// Threads: called by the session of the client.
#pragma once

#include "server/acl/login.hpp"
#include "server/command.hpp"

#include <string>
#include <string_view>

namespace understudy::server {

/// Whether it may, and nothing else.
[[nodiscard]] bool limits_allow(const Login& login, const Command& command, Arguments arguments);
[[nodiscard]] inline bool may_run(const Login& login, const Command& command, Arguments arguments) {
  return login.limits() == nullptr || limits_allow(login, command, arguments);
}

/// From where a command was refused; for ACL LOG.
enum class Place : std::uint8_t { top_level, transaction };

/// Whether it may. If not, the reply is the error, and ACL LOG shows it.
[[nodiscard]] bool admit(ServerContext& server, const Client& client, const Command& command, Arguments arguments,
                         Place place, RespWriter& reply);

/// Whether a command that was queued may still run at EXEC. If not, the reply is the error, and ACL LOG shows it.
[[nodiscard]] bool admit_queued(ServerContext& server, const Client& client, const Command& command,
                                Arguments arguments, RespWriter& reply);

/// That a command is refused for its client's state or rights, `error`, as Redis words it: an EXEC is the end of its
/// transaction.
void reply_refusal(const Command& command, std::string_view error, RespWriter& reply);

/// What ACL DRYRUN says of a verdict that is a denial.
[[nodiscard]] std::string describe_denial(const Verdict& verdict, const Command& command, Arguments arguments);

/// ACL LOG shows that a login has failed. `command`: the word that asked for it.
void note_failed_login(ServerContext& server, const Client& client, BytesView command, BytesView user);

}  // namespace understudy::server
