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
  if (!bytes) return "argument must be a memory value";
  if (*bytes < least || *bytes > most) return outside(least, most);
  value = *bytes;
  return std::nullopt;
}

template <auto setting>
std::string get_number(const ServerContext& server) {
  return std::to_string((server.live.*setting)());
}
template <auto setting>
std::string get_seconds(const ServerContext& server) {
  return std::to_string((server.live.*setting)().count());
}
template <auto setting>
Refusal set_seconds(ServerContext& server, BytesView text) {
  std::uint64_t value = 0;
  Refusal refusal = parse_number(text, 0, std::numeric_limits<std::int32_t>::max(), value);
  if (!refusal) (server.live.*setting).set(std::chrono::seconds(value));
  return refusal;
}
template <auto setting>
Refusal set_large_bytes(ServerContext& server, BytesView text) {
  std::uint64_t value = 0;
  Refusal refusal = parse_bytes(text, std::uint64_t{1} << 20U, value);
  if (!refusal) (server.live.*setting).set(value);
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
  const auto* const found = std::ranges::find_if(tls_clients_names, [&](const auto& each) {
    return std::ranges::equal(each.first, text, {}, {}, [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
  });
  if (found == tls_clients_names.end()) return "argument(s) must be one of the following: no, yes, optional";
  options.clients = found->second;
  server.tls.set_options(std::move(options));
  return std::nullopt;
}

std::string octal(unsigned permissions) { return fmt::format("{:o}", permissions); }

constexpr std::array<Parameter, 30> table{{
    {.name = "appendfsync",
     .get = [](const ServerContext& server) { return std::string(fsync_name(server.options.durability)); }},
    {.name = "appendonly", .get = [](const ServerContext&) { return std::string("yes"); }},
    {.name = "bind", .get = [](const ServerContext& server) { return server.options.bind; }},
    {.name = "client-query-buffer-limit",
     .get = get_number<&LiveSettings::request_bytes_max>,
     .set = set_large_bytes<&LiveSettings::request_bytes_max>},
    {.name = "databases", .get = [](const ServerContext&) { return std::string("1"); }},
    {.name = "dir", .get = [](const ServerContext& server) { return server.options.directory; }},
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
    {.name = "requirepass", .get = [](const ServerContext&) { return std::string(); }},
    {.name = "save", .get = [](const ServerContext&) { return std::string(); }},
    {.name = "segment-size",
     .get = [](const ServerContext& server) { return std::to_string(server.options.segment_bytes_max); }},
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
  const auto same = [](char left, char right) {
    return left == (right >= 'A' && right <= 'Z' ? static_cast<char>(right + 32) : right);
  };
  const auto* const found =
      std::ranges::find_if(table, [&](const Parameter& each) { return std::ranges::equal(each.name, name, same); });
  return found == table.end() ? nullptr : found;
}

std::string refuse(BytesView name, std::string_view why) {
  return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why);
}

/// A parameter that was changed, and what it was before.
struct Change {
  const Parameter* parameter;
  std::string before;
};

void take_back(ServerContext& server, const std::vector<Change>& changes) {
  for (const Change& change : changes) static_cast<void>(change.parameter->set(server, change.before));
}

}  // namespace

std::span<const Parameter> parameters() noexcept { return table; }

std::optional<std::string> change_parameters(ServerContext& server, std::span<const BytesView> words) {
  if (words.size() % 2 != 0) return std::string(syntax_error);
  std::vector<Change> changes;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const Parameter* const found = find_parameter(words[i]);
    if (found == nullptr) {
      return fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", words[i]);
    }
    if (found->set == nullptr) return refuse(words[i], "can't set immutable config");
    if (std::ranges::find(changes, found, &Change::parameter) != changes.end())
      return refuse(words[i], "duplicate parameter");
    changes.push_back({.parameter = found, .before = {}});
  }
  const std::scoped_lock lock(server.configuring);
  for (Change& change : changes) change.before = change.parameter->get(server);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::optional<std::string> why = changes[i].parameter->set(server, words[2 * i + 1]);
    if (!why) continue;
    changes.resize(i);
    take_back(server, changes);
    return refuse(words[2 * i], *why);
  }
  const auto tls = std::ranges::find_if(changes, [](const Change& change) { return change.parameter->is_of_tls; });
  if (tls == changes.end() || !server.tls.loaded()) return std::nullopt;
  const Result<void> read = server.tls.load();
  if (read) return std::nullopt;
  // The log says more than a client needs to know of the server's files.
  log_line(LogLevel::error, fmt::format("{}; what was read before stays in use", read.error().message()));
  take_back(server, changes);
  return refuse(words[2 * static_cast<std::size_t>(tls - changes.begin())],
                "Unable to update TLS configuration. Check server logs.");
}

}  // namespace understudy::server
