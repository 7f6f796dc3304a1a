#include "server/configuration.hpp"

#include "server/commands/arguments.hpp"
#include "server/memory_limit.hpp"
#include "understudy/base/logging.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using Refusal = std::optional<std::string>;

std::string_view fsync_name(Durability durability) {
  switch (durability) {
    case Durability::always:
      return "always";
    case Durability::interval:
      return "everysec";
    case Durability::none:
      return "no";
  }
  return "";
}

Refusal outside(std::uint64_t least, std::uint64_t most) {
  return fmt::format("argument must be between {} and {} inclusive", least, most);
}

/// A whole number of the parameter's range; or why it is none.
Refusal parse_number(BytesView text, std::uint64_t least, std::uint64_t most, std::uint64_t& value) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number) return "argument couldn't be parsed into an integer";
  if (std::cmp_less(*number, least) || std::cmp_greater(*number, most)) return outside(least, most);
  value = static_cast<std::uint64_t>(*number);
  return std::nullopt;
}

Refusal parse_bytes(BytesView text, std::uint64_t least, std::uint64_t& value) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  const std::optional<std::uint64_t> bytes = parse_memory_size(text);
  // Too many digits are a large number; none are a small one.
  const bool is_number = text.find_first_not_of("0123456789") == BytesView::npos;
  if (!bytes && !is_number) return "argument must be a memory value";
  if (!bytes || *bytes < least || *bytes > most) return outside(least, most);
  value = *bytes;
  return std::nullopt;
}

template <auto Setting>
std::string get_number(const ServerContext& server) {
  return std::to_string((server.live.*Setting)());
}
template <auto Setting>
std::string get_seconds(const ServerContext& server) {
  return std::to_string((server.live.*Setting)().count());
}
template <auto Setting>
Refusal set_seconds(ServerContext& server, BytesView text) {
  std::uint64_t value = 0;
  Refusal refusal = parse_number(text, 0, std::numeric_limits<std::int32_t>::max(), value);
  if (!refusal) (server.live.*Setting).set(std::chrono::seconds(value));
  return refusal;
}
template <auto Setting>
Refusal set_large_bytes(ServerContext& server, BytesView text) {
  std::uint64_t value = 0;
  Refusal refusal = parse_bytes(text, std::uint64_t{1} << 20U, value);
  if (!refusal) (server.live.*Setting).set(value);
  return refusal;
}

Refusal set_clients_max(ServerContext& server, BytesView text) {
  std::uint64_t value = 0;
  if (Refusal refusal = parse_number(text, 1, std::numeric_limits<std::uint32_t>::max(), value)) return refusal;
  const auto wanted = static_cast<std::uint32_t>(value);
  const auto& make_room = server.options.make_room_for_clients;
  // What was granted before stays granted, though nothing more may be had.
  const std::uint32_t room = make_room && wanted > server.live.clients_max() ? make_room(wanted) : wanted;
  if (room < wanted) {
    return fmt::format("The operating system is not able to handle the specified number of clients, try with {}", room);
  }
  server.live.clients_max.set(wanted);
  return std::nullopt;
}

Refusal set_memory_limit(ServerContext& server, BytesView text) {
  const std::optional<std::uint64_t> bytes = parse_memory_size(text);
  if (!bytes) return "argument must be a memory value";
  server.store->set_memory_limit(*bytes, server.store->statistics().when_memory_full);
  return std::nullopt;
}

Refusal set_memory_policy(ServerContext& server, BytesView text) {
  const std::optional<store::WhenMemoryFull> policy = parse_memory_policy(text);
  if (!policy) return fmt::format("argument(s) must be one of the following: {}, {}", refuse_name, evict_name);
  server.store->set_memory_limit(server.store->statistics().memory_bytes_max, *policy);
  return std::nullopt;
}

Refusal set_protected_mode(ServerContext& server, BytesView text) {
  const bool yes = is_word(text, "YES");
  if (!yes && !is_word(text, "NO")) return "argument must be 'yes' or 'no'";
  server.live.protected_mode.set(yes);
  return std::nullopt;
}

template <auto file>
std::string get_tls_file(const ServerContext& server) {
  return server.tls.options().*file;
}
template <auto file>
Refusal set_tls_file(ServerContext& server, BytesView text) {
  TlsOptions options = server.tls.options();
  options.*file = text;
  server.tls.set_options(std::move(options));
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, TlsClients>, 3> tls_clients_names{
    {{"no", TlsClients::no}, {"yes", TlsClients::yes}, {"optional", TlsClients::optional}}};

std::string get_tls_clients(const ServerContext& server) {
  const TlsClients clients = server.tls.options().clients;
  return std::string(
      std::ranges::find(tls_clients_names, clients, [](const auto& each) { return each.second; })->first);
}
Refusal set_tls_clients(ServerContext& server, BytesView text) {
  TlsOptions options = server.tls.options();
  const auto* const found =
      std::ranges::find_if(tls_clients_names, [&](const auto& each) { return is_same_word(text, each.first); });
  if (found == tls_clients_names.end()) return "argument(s) must be one of the following: no, yes, optional";
  options.clients = found->second;
  server.tls.set_options(std::move(options));
  return std::nullopt;
}

std::string get_password(const ServerContext& server) {
  return server.acl.default_user_has_no_password() ? "" : "(hidden)";
}
Refusal set_password(ServerContext& server, BytesView text) {
  if (text.size() > password_bytes_max) return "the password is too long";
  server.acl.require_password(text.empty() ? std::nullopt : std::optional(hash_password(text)));
  return std::nullopt;
}

Refusal set_slow_from(ServerContext& server, BytesView text) {
  const std::optional<std::int64_t> microseconds = parse_integer(text);
  if (!microseconds) return "argument couldn't be parsed into an integer";
  if (*microseconds < -1) return "argument must be between -1 and 9223372036854775807 inclusive";
  server.slow_log.set_threshold(std::chrono::microseconds(*microseconds));
  return std::nullopt;
}
Refusal set_slow_log_length(ServerContext& server, BytesView text) {
  std::uint64_t length = 0;
  Refusal refusal = parse_number(text, 0, std::numeric_limits<std::int64_t>::max(), length);
  if (!refusal) server.slow_log.set_length_max(length);
  return refusal;
}

std::string get_output_limits(const ServerContext& server) {
  return describe_output_limits(server.live.output_limits());
}
Refusal set_output_limits(ServerContext& server, BytesView text) {
  const auto limits = parse_output_limits(text, server.live.output_limits());
  if (!limits) return std::string(limits.error());
  server.live.set_output_limits(*limits);
  return std::nullopt;
}

std::string octal(unsigned permissions) { return fmt::format("{:o}", permissions); }

constexpr std::array<Parameter, 36> table{{
    {.name = "acl-pubsub-default", .get = [](const ServerContext&) { return std::string("resetchannels"); }},
    {.name = "aclfile", .get = [](const ServerContext& server) { return server.options.acl.file; }},
    {.name = "acllog-max-len", .get = [](const ServerContext&) { return std::to_string(Denials::entries_max); }},
    {.name = "appendfsync",
     .get = [](const ServerContext& server) { return std::string(fsync_name(server.options.durability)); }},
    {.name = "appendonly", .get = [](const ServerContext&) { return std::string("yes"); }},
    {.name = "bind", .get = [](const ServerContext& server) { return server.options.bind; }},
    {.name = "client-output-buffer-limit", .get = get_output_limits, .set = set_output_limits},
    {.name = "client-query-buffer-limit",
     .get = get_number<&LiveSettings::request_bytes_max>,
     .set = set_large_bytes<&LiveSettings::request_bytes_max>},
    {.name = "databases", .get = [](const ServerContext&) { return std::string("1"); }},
    {.name = "dir", .get = [](const ServerContext& server) { return server.options.directory; }, .is_protected = true},
    {.name = "disk-limit",
     .get = [](const ServerContext& server) { return std::to_string(server.options.disk_bytes_max); }},
    {.name = "durability",
     .get = [](const ServerContext& server) { return std::string(name_of(server.options.durability)); }},
    {.name = "flush-interval",
     .get = [](const ServerContext& server) { return std::to_string(server.options.flush_interval.count()); }},
    {.name = "handshake-timeout",
     .get = get_seconds<&LiveSettings::handshake_limit>,
     .set = set_seconds<&LiveSettings::handshake_limit>},
    {.name = "maxclients", .get = get_number<&LiveSettings::clients_max>, .set = set_clients_max},
    {.name = "maxmemory",
     .get = [](const ServerContext& server) { return std::to_string(server.store->statistics().memory_bytes_max); },
     .set = set_memory_limit},
    {.name = "maxmemory-policy",
     .get =
         [](const ServerContext& server) { return std::string(name_of(server.store->statistics().when_memory_full)); },
     .set = set_memory_policy},
    {.name = "port", .get = [](const ServerContext& server) { return std::to_string(server.port); }},
    {.name = "protected-mode",
     .get = [](const ServerContext& server) { return std::string(server.live.protected_mode() ? "yes" : "no"); },
     .set = set_protected_mode},
    {.name = "proto-max-bulk-len",
     .get = get_number<&LiveSettings::bulk_bytes_max>,
     .set = set_large_bytes<&LiveSettings::bulk_bytes_max>},
    {.name = "requirepass", .get = get_password, .set = set_password, .is_secret = true},
    {.name = "save", .get = [](const ServerContext&) { return std::string(); }},
    {.name = "segment-size",
     .get = [](const ServerContext& server) { return std::to_string(server.options.segment_bytes_max); }},
    {.name = "slowlog-log-slower-than",
     .get = [](const ServerContext& server) { return std::to_string(server.slow_log.threshold().count()); },
     .set = set_slow_from},
    {.name = "slowlog-max-len",
     .get = [](const ServerContext& server) { return std::to_string(server.slow_log.length_max()); },
     .set = set_slow_log_length},
    {.name = "snapshot-after",
     .get = [](const ServerContext& server) { return std::to_string(server.options.snapshot_after_bytes); }},
    {.name = "tcp-backlog",
     .get = [](const ServerContext& server) { return std::to_string(server.options.accept_backlog); }},
    {.name = "tcp-keepalive",
     .get = get_seconds<&LiveSettings::keep_alive>,
     .set = set_seconds<&LiveSettings::keep_alive>},
    {.name = "timeout", .get = get_seconds<&LiveSettings::idle_limit>, .set = set_seconds<&LiveSettings::idle_limit>},
    {.name = "tls-auth-clients", .get = get_tls_clients, .set = set_tls_clients, .is_of_tls = true},
    {.name = "tls-ca-cert-file",
     .get = get_tls_file<&TlsOptions::ca_file>,
     .set = set_tls_file<&TlsOptions::ca_file>,
     .is_of_tls = true},
    {.name = "tls-cert-file",
     .get = get_tls_file<&TlsOptions::certificate_file>,
     .set = set_tls_file<&TlsOptions::certificate_file>,
     .is_of_tls = true},
    {.name = "tls-key-file",
     .get = get_tls_file<&TlsOptions::key_file>,
     .set = set_tls_file<&TlsOptions::key_file>,
     .is_of_tls = true},
    {.name = "tls-port", .get = [](const ServerContext& server) { return std::to_string(server.tls_port); }},
    {.name = "unixsocket", .get = [](const ServerContext& server) { return server.options.unix_socket; }},
    {.name = "unixsocketperm",
     .get = [](const ServerContext& server) { return octal(server.options.unix_socket_permissions); }},
}};

const Parameter* find_parameter(BytesView name) {
  const auto* const found =
      std::ranges::find_if(table, [&](const Parameter& each) { return is_same_word(name, each.name); });
  return found == table.end() ? nullptr : found;
}

std::string refuse(BytesView name, std::string_view why) {
  return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why);
}

/// A parameter that was changed, and what it was before.
struct Change {
  const Parameter* parameter;
  std::string before;
  BytesView wanted;
};

void take_back(ServerContext& server, const std::vector<Change>& changes) {
  for (const Change& change : changes) static_cast<void>(change.parameter->set(server, change.before));
}

bool is_of_tls(const Change& change) { return change.parameter->is_of_tls; }

/// Reads the certificate files again if one of these changes wants it; or says why the old ones stay in use.
Refusal load_tls_after(ServerContext& server, const std::vector<Change>& changes) {
  if (std::ranges::none_of(changes, is_of_tls) || !server.tls.loaded()) return std::nullopt;
  const Result<void> read = server.tls.load();
  if (read) return std::nullopt;
  // The log says more than a client needs to know of the server's files.
  log_line(LogLevel::error, fmt::format("{}; what was read before stays in use", read.error().message()));
  return "Unable to update TLS configuration. Check server logs.";
}

}  // namespace

std::span<const Parameter> parameters() noexcept { return table; }

std::optional<std::string> change_parameters(ServerContext& server, std::span<const BytesView> words) {
  if (words.size() % 2 != 0) return std::string(syntax_error);
  std::vector<Change> changes;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const Parameter* const found = find_parameter(words[i]);
    if (found == nullptr) {
      return fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", shown(words[i]));
    }
    if (found->set == nullptr) {
      return refuse(words[i], found->is_protected ? "can't set protected config" : "can't set immutable config");
    }
    if (std::ranges::find(changes, found, &Change::parameter) != changes.end())
      return refuse(words[i], "duplicate parameter");
    changes.push_back({.parameter = found, .before = {}, .wanted = words[i + 1]});
  }
  // What cannot be taken back, since nobody knows what it was, comes when all else has been done. There is one such.
  const auto secret = std::ranges::find_if(changes, [](const Change& change) { return change.parameter->is_secret; });
  if (secret != changes.end()) std::rotate(secret, secret + 1, changes.end());
  const std::scoped_lock lock(server.configuring);
  for (Change& change : changes) change.before = change.parameter->get(server);
  std::vector<Change> done;
  const auto give_up = [&](const Change& failed, std::string_view why) {
    take_back(server, done);
    return refuse(failed.parameter->name, why);
  };
  for (const Change& change : changes) {
    if (change.parameter->is_secret) {
      const std::optional<std::string> why = load_tls_after(server, done);
      if (why) return give_up(*std::ranges::find_if(done, is_of_tls), *why);
    }
    const std::optional<std::string> why = change.parameter->set(server, change.wanted);
    if (why) return give_up(change, *why);
    if (change.parameter->is_secret) return std::nullopt;
    done.push_back(change);
  }
  const std::optional<std::string> why = load_tls_after(server, done);
  if (why) return give_up(*std::ranges::find_if(done, is_of_tls), *why);
  return std::nullopt;
}

}  // namespace understudy::server
