// How a server is set up.
#pragma once

#include "server/acl/acl.hpp"
#include "server/output_limits.hpp"
#include "server/tls/tls_options.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/journal/durability.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/supervision/incident.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace understudy::server {

/// What the operating system says of the process; shown by INFO. All zero in a simulation.
struct ProcessUsage {
  std::uint64_t process = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t resident_peak_bytes = 0;
  std::uint64_t machine_bytes = 0;  ///< Of the whole machine's memory.
  std::chrono::microseconds user_time{0};
  std::chrono::microseconds system_time{0};
};

struct ServerOptions {
  /// Numeric addresses with spaces between them; `*` is every address of IPv4, `::*` of IPv6. One after a `-` may fail.
  std::string bind = "127.0.0.1";
  /// On each address; 0 takes a free one; none: it does not listen there.
  std::optional<std::uint16_t> port = 6379;
  std::optional<std::uint16_t> tls_port = std::nullopt;
  TlsOptions tls = {};
  /// A socket in the file system; empty: none.
  std::string unix_socket = {};
  unsigned unix_socket_permissions = 0700;
  int accept_backlog = understudy::accept_backlog;
  /// Peers on other machines are refused while the default user has no password.
  bool protected_mode = true;
  /// Who may log in.
  AclOptions acl = {};
  /// Connections beyond it are told so, and closed.
  std::uint32_t clients_max = 10'000;
  /// Makes room for so many connections (file handles), and gives how many there is room for. Unset: there is.
  std::function<std::uint32_t(std::uint32_t)> make_room_for_clients = {};
  /// A connection that has said nothing for so long is closed; zero: none is.
  std::chrono::seconds idle_limit{0};
  /// A peer that says nothing for so long is asked whether it is still there.
  std::chrono::seconds keep_alive{300};
  /// How long the handshake of a TLS connection may take.
  std::chrono::seconds handshake_limit{10};
  /// How long `stop` lets sessions finish what they have received.
  Duration drain_limit = std::chrono::seconds(5);

  /// What one operation of the store holds at most: commands, and bytes of their arguments (one larger command goes
  /// alone).
  std::size_t batch_requests_max = 1024;
  std::size_t batch_bytes_max = std::size_t{1} << 20U;
  /// Replies are written once they are longer than this, before more are made. A single reply may be longer.
  std::size_t output_bytes_max = std::size_t{1} << 20U;
  /// What a client may have unsent.
  OutputLimitsByClass output_limits = {};
  /// What the channels that a connection has subscribed to may need, and the patterns: each of those is compared with
  /// every channel that something is published on.
  std::size_t subscription_bytes_max = std::size_t{256} << 20U;
  std::size_t pattern_bytes_max = std::size_t{2} << 20U;
  /// What the commands of a transaction may need before EXEC.
  std::size_t transaction_bytes_max = std::size_t{256} << 20U;
  /// The most a connection may have sent of a request that is not complete, and the longest argument.
  std::uint64_t request_bytes_max = std::uint64_t{1} << 30U;
  std::uint64_t bulk_bytes_max = std::uint64_t{512} << 20U;

  /// Shown by CONFIG GET and INFO; the store has its own.
  std::string directory = {};
  Durability durability = Durability::always;
  std::chrono::milliseconds flush_interval{1000};
  std::uint64_t segment_bytes_max = 0;
  std::uint64_t snapshot_after_bytes = 0;
  std::uint64_t disk_bytes_max = 0;
  std::string version = "0.0.0";
  /// Asks the program to end; returns at once. Unset: it cannot be asked to.
  std::function<void()> shut_down = {};
  /// Of the system's supervisor. Unset: there is none.
  std::function<std::vector<Incident>()> incidents = {};
  /// Unset: nothing is known of the process.
  std::function<ProcessUsage()> process_usage = {};
};

}  // namespace understudy::server
