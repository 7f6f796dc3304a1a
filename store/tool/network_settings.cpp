#include "tool/network_settings.hpp"

#include "server/memory_limit.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

using server::ServerOptions;
using server::TlsClients;
using server::TlsOptions;

constexpr std::uint64_t seconds_max = std::numeric_limits<std::int32_t>::max();

std::unexpected<Error> wrong(std::string_view text, std::string_view expected) {
  return failure(ErrorCode::invalid_argument, fmt::format("'{}' is {}", text, expected));
}

template <std::optional<std::uint16_t> ServerOptions::* Port>
Result<void> apply_port(Settings& settings, std::string_view text) {
  if (text == "off") {
    settings.server.*Port = std::nullopt;
    return {};
  }
  const Result<std::uint64_t> number = parse_number(text, 0, std::numeric_limits<std::uint16_t>::max());
  if (!number) return failure(number.error().code(), fmt::format("{}, nor 'off'", number.error().message()));
  settings.server.*Port = static_cast<std::uint16_t>(*number);
  return {};
}

Result<void> apply_bind(Settings& settings, std::string_view text) {
  if (text.find_first_not_of(' ') == std::string_view::npos)
    return failure(ErrorCode::invalid_argument, "an address is needed, such as 127.0.0.1 or ::1");
  settings.server.bind = text;
  return {};
}

template <std::string TlsOptions::* File>
Result<void> apply_tls_file(Settings& settings, std::string_view text) {
  settings.server.tls.*File = text;
  return {};
}

Result<void> apply_tls_clients(Settings& settings, std::string_view text) {
  for (const auto& [name, clients] : {std::pair<std::string_view, TlsClients>{"no", TlsClients::no},
                                      {"optional", TlsClients::optional},
                                      {"yes", TlsClients::yes}}) {
    if (text != name) continue;
    settings.server.tls.clients = clients;
    return {};
  }
  return wrong(text, "none of no, optional, yes");
}

Result<void> apply_unix_socket(Settings& settings, std::string_view text) {
  settings.server.unix_socket = text;
  return {};
}

Result<void> apply_unix_socket_permissions(Settings& settings, std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc{} || end != text.data() + text.size() || value > 0777)
    return wrong(text, "no octal number of permissions, such as 700 or 770");
  settings.server.unix_socket_permissions = value;
  return {};
}

Result<void> apply_protected_mode(Settings& settings, std::string_view text) {
  if (text != "yes" && text != "no") return wrong(text, "neither yes nor no");
  settings.server.protected_mode = text == "yes";
  return {};
}

Result<void> apply_clients_max(Settings& settings, std::string_view text) {
  const Result<std::uint64_t> number = parse_number(text, 1, 1'000'000);
  if (!number) return std::unexpected(number.error());
  settings.server.clients_max = static_cast<std::uint32_t>(*number);
  return {};
}

template <std::chrono::seconds ServerOptions::* Limit>
Result<void> apply_seconds(Settings& settings, std::string_view text) {
  const Result<std::uint64_t> number = parse_number(text, 0, seconds_max);
  if (!number) return std::unexpected(number.error());
  settings.server.*Limit = std::chrono::seconds(*number);
  return {};
}

Result<void> apply_backlog(Settings& settings, std::string_view text) {
  const Result<std::uint64_t> number = parse_number(text, 1, seconds_max);
  if (!number) return std::unexpected(number.error());
  settings.server.accept_backlog = static_cast<int>(*number);
  return {};
}

template <std::uint64_t ServerOptions::* Bytes>
Result<void> apply_large_bytes(Settings& settings, std::string_view text) {
  constexpr std::uint64_t least = std::uint64_t{1} << 20U;
  const std::optional<std::uint64_t> number = server::parse_memory_size(text);
  if (!number || *number < least || *number > std::uint64_t{1} << 50U)
    return wrong(text, "no number of bytes from 1mb up, such as 1073741824 or 512mb");
  settings.server.*Bytes = *number;
  return {};
}

Result<void> apply_output_limits(Settings& settings, std::string_view text) {
  const auto limits = server::parse_output_limits(text, settings.server.output_limits);
  if (!limits) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("'{}': {} It is as 'pubsub 32mb 8mb 60': class, hard limit, soft limit, and seconds for "
                               "which the latter may be exceeded",
                               text, limits.error()));
  }
  settings.server.output_limits = *limits;
  return {};
}

constexpr std::array<SettingRow, 18> rows{{
    {.name = "port",
     .value_name = "PORT",
     .help = "Port to listen on; 0 takes a free one; off: none",
     .is_number = true,
     .may_be_text = true,
     .apply = apply_port<&ServerOptions::port>},
    {.name = "bind",
     .value_name = "ADDRESSES",
     .help = "Numeric addresses to listen on, with spaces between them",
     .apply = apply_bind},
    {.name = "tls-port",
     .value_name = "PORT",
     .help = "Port that speaks TLS; 0 takes a free one; off, the default: none",
     .is_number = true,
     .may_be_text = true,
     .apply = apply_port<&ServerOptions::tls_port>},
    {.name = "tls-cert-file",
     .value_name = "FILE",
     .help = "The server's certificate, and those between it and its authority",
     .apply = apply_tls_file<&TlsOptions::certificate_file>},
    {.name = "tls-key-file",
     .value_name = "FILE",
     .help = "Its private key; otherwise it is in the same file",
     .apply = apply_tls_file<&TlsOptions::key_file>},
    {.name = "tls-ca-cert-file",
     .value_name = "FILE",
     .help = "Authorities whose clients are believed",
     .apply = apply_tls_file<&TlsOptions::ca_file>},
    {.name = "tls-auth-clients",
     .value_name = "WHETHER",
     .help = "Whether clients must show a certificate: yes, optional, no",
     .apply = apply_tls_clients},
    {.name = "unixsocket",
     .value_name = "FILE",
     .help = "A socket in the file system to listen on as well",
     .apply = apply_unix_socket},
    {.name = "unixsocketperm",
     .value_name = "MODE",
     .help = "Its permissions, octal; 700 unless told otherwise: this user alone",
     .is_number = true,
     .may_be_text = true,
     .apply = apply_unix_socket_permissions},
    {.name = "protected-mode",
     .value_name = "WHETHER",
     .help = "While there is no password, serve this machine alone: yes or no",
     .apply = apply_protected_mode},
    {.name = "maxclients",
     .value_name = "N",
     .help = "Most connections at once",
     .is_number = true,
     .apply = apply_clients_max},
    {.name = "timeout",
     .value_name = "S",
     .help = "Seconds of silence after which a connection is closed; 0: never",
     .is_number = true,
     .apply = apply_seconds<&ServerOptions::idle_limit>},
    {.name = "tcp-keepalive",
     .value_name = "S",
     .help = "Seconds of silence after which a client is asked whether it is still there; 0: never",
     .is_number = true,
     .apply = apply_seconds<&ServerOptions::keep_alive>},
    {.name = "handshake-timeout",
     .value_name = "S",
     .help = "Seconds that the handshake of a TLS connection may take; 0: as long as it likes",
     .is_number = true,
     .apply = apply_seconds<&ServerOptions::handshake_limit>},
    {.name = "tcp-backlog",
     .value_name = "N",
     .help = "Connections that may wait to be accepted",
     .is_number = true,
     .apply = apply_backlog},
    {.name = "client-output-buffer-limit",
     .value_name = "LIMITS",
     .help = "What a client may leave unread, as 'pubsub 32mb 8mb 60'; the classes are normal, replica, pubsub",
     .apply = apply_output_limits},
    {.name = "client-query-buffer-limit",
     .value_name = "BYTES",
     .help = "The most that a client may send of a request that is not complete",
     .is_number = true,
     .may_be_text = true,
     .apply = apply_large_bytes<&ServerOptions::request_bytes_max>},
    {.name = "proto-max-bulk-len",
     .value_name = "BYTES",
     .help = "The longest argument",
     .is_number = true,
     .may_be_text = true,
     .apply = apply_large_bytes<&ServerOptions::bulk_bytes_max>},
}};

}  // namespace

std::span<const SettingRow> network_setting_rows() noexcept { return rows; }

}  // namespace understudy::tool
