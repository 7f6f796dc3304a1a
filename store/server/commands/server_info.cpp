// INFO and CONFIG GET: what the server is, and how it is doing. Every value is true of this server; fields of Redis
// that would not be are left out.
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/configuration.hpp"
#include "server/glob.hpp"
#include "server/memory_limit.hpp"
#include "server/server_context.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// What INFO describes: taken once, so that its sections agree.
struct Picture {
  const ServerContext& server;
  ProcessUsage process;
  ClientTotals clients;
  store::StoreStatistics store;
  std::int64_t uptime_s = 0;
};

class Section {
 public:
  Section(std::string& out, std::string_view name) : out_(out) {
    if (!out_.empty()) out_ += "\r\n";
    fmt::format_to(std::back_inserter(out_), "# {}\r\n", name);
  }
  template <typename Value>
  Section& field(std::string_view name, const Value& value) {
    fmt::format_to(std::back_inserter(out_), "{}:{}\r\n", name, value);
    return *this;
  }

 private:
  std::string& out_;
};

std::string human(std::uint64_t bytes) {
  constexpr std::array units{"B", "K", "M", "G", "T"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.2f}{}", value, units[unit]);
}

std::string ratio(std::uint64_t whole, std::uint64_t part) {
  return fmt::format("{:.2f}", part == 0 ? 0 : static_cast<double>(whole) / static_cast<double>(part));
}

/// In seconds since 1970. The start counts as one, as in Redis.
std::int64_t last_save(const store::StoreStatistics& store, const ServerContext& server) {
  const WallTime when = store.snapshot_at.value_or(server.started_at);
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

void describe_server(std::string& out, const Picture& now) {
  const auto wall = now.server.system.clock().wall_now().time_since_epoch();
  Section(out, "Server")
      .field("redis_version", redis_version)
      .field("understudy_version", now.server.options.version)
      .field("redis_mode", "standalone")
      .field("os", "Linux")
      .field("arch_bits", 8 * sizeof(void*))
      .field("process_id", now.process.process)
      .field("run_id", now.server.run_id)
      .field("tcp_port", now.server.port)
      .field("server_time_usec", std::chrono::duration_cast<std::chrono::microseconds>(wall).count())
      .field("uptime_in_seconds", now.uptime_s)
      .field("uptime_in_days", now.uptime_s / 86'400)
      .field("workers", now.server.system.worker_count());
}

void describe_clients(std::string& out, const Picture& now) {
  Section(out, "Clients")
      .field("connected_clients", now.clients.connected)
      .field("maxclients", now.server.live.clients_max())
      .field("blocked_clients", 0);
}

void describe_memory(std::string& out, const Picture& now) {
  Section(out, "Memory")
      .field("used_memory", now.store.memory_bytes)
      .field("used_memory_human", human(now.store.memory_bytes))
      .field("used_memory_peak", now.store.memory_peak_bytes)
      .field("used_memory_peak_human", human(now.store.memory_peak_bytes))
      .field("used_memory_rss", now.process.resident_bytes)
      .field("used_memory_rss_human", human(now.process.resident_bytes))
      .field("used_memory_rss_peak", now.process.resident_peak_bytes)
      .field("used_memory_rss_peak_human", human(now.process.resident_peak_bytes))
      .field("total_system_memory", now.process.machine_bytes)
      .field("total_system_memory_human", human(now.process.machine_bytes))
      .field("maxmemory", now.store.memory_bytes_max)
      .field("maxmemory_human", human(now.store.memory_bytes_max))
      .field("maxmemory_policy", name_of(now.store.when_memory_full))
      .field("mem_fragmentation_ratio", ratio(now.process.resident_bytes, now.store.memory_bytes));
}

void describe_persistence(std::string& out, const Picture& now) {
  Section(out, "Persistence")
      .field("loading", 0)
      .field("async_loading", 0)
      .field("rdb_bgsave_in_progress", now.store.snapshot_runs ? 1 : 0)
      .field("rdb_last_save_time", last_save(now.store, now.server))
      .field("aof_enabled", 1)
      .field("aof_rewrite_in_progress", 0)
      .field("aof_last_write_status", now.store.disk_full ? "err" : "ok")
      .field("durability", name_of(now.server.options.durability))
      .field("journal_commits", now.store.commits)
      .field("journal_last_lsn", now.store.last_lsn)
      .field("journal_durable_lsn", now.store.durable_lsn)
      .field("journal_bytes", now.store.segment_bytes)
      .field("snapshot_bytes", now.store.snapshot_bytes)
      .field("snapshots", now.store.snapshots)
      .field("failed_snapshots", now.store.failed_snapshots)
      .field("disk_full", now.store.disk_full ? 1 : 0);
}

void describe_statistics(std::string& out, const Picture& now) {
  Section(out, "Stats")
      .field("total_connections_received", now.clients.accepted)
      .field("total_commands_processed", now.clients.commands)
      .field("instantaneous_ops_per_sec", now.server.commands_per_second())
      .field("total_net_input_bytes", now.clients.bytes_read)
      .field("total_net_output_bytes", now.clients.bytes_written)
      .field("rejected_connections", now.clients.rejected)
      .field("expired_keys", now.store.expired_keys)
      .field("evicted_keys", now.store.evicted_keys)
      .field("keyspace_hits", now.store.read_hits)
      .field("keyspace_misses", now.store.reads - now.store.read_hits)
      .field("pubsub_channels", now.server.channels.count(Channels::Kind::channel))
      .field("pubsub_patterns", now.server.channels.count(Channels::Kind::pattern))
      .field("keyspace_changes", now.store.changes)
      .field("key_value_incarnation", now.store.key_value_incarnation);
}

void describe_replication(std::string& out, const Picture&) {
  Section(out, "Replication").field("role", "master").field("connected_slaves", 0);
}

void describe_processor(std::string& out, const Picture& now) {
  const auto seconds = [](std::chrono::microseconds time) {
    return fmt::format("{:.6f}", std::chrono::duration<double>(time).count());
  };
  Section(out, "CPU")
      .field("used_cpu_sys", seconds(now.process.system_time))
      .field("used_cpu_user", seconds(now.process.user_time));
}

void describe_cluster(std::string& out, const Picture&) { Section(out, "Cluster").field("cluster_enabled", 0); }

void describe_keys(std::string& out, const Picture& now) {
  Section section(out, "Keyspace");
  if (now.store.keys == 0) return;
  section.field("db0", fmt::format("keys={},expires={},avg_ttl={}", now.store.keys, now.store.expiring_keys,
                                   now.store.mean_time_left.count()));
}

using Describe = void (*)(std::string&, const Picture&);
constexpr std::array<std::pair<std::string_view, Describe>, 9> sections{{{"server", describe_server},
                                                                         {"clients", describe_clients},
                                                                         {"memory", describe_memory},
                                                                         {"persistence", describe_persistence},
                                                                         {"stats", describe_statistics},
                                                                         {"replication", describe_replication},
                                                                         {"cpu", describe_processor},
                                                                         {"cluster", describe_cluster},
                                                                         {"keyspace", describe_keys}}};

}  // namespace

void config_get(SessionCall& call) {
  const Arguments patterns = call.arguments.subspan(2);
  std::vector<std::pair<std::string, std::string>> found;
  std::size_t steps = glob_steps_max;  // For all of them: there may be a million patterns.
  for (const Parameter& each : parameters()) {
    const auto fits = [&](BytesView pattern) { return glob_matches(pattern, each.name, LetterCase::ignored, steps); };
    const auto pattern = std::ranges::find_if(patterns, fits);
    if (pattern == patterns.end()) continue;
    // As Redis does: a name that is no pattern comes back as it was given.
    const bool is_name = pattern->find_first_of("*?[\\") == BytesView::npos;
    found.emplace_back(is_name ? std::string(*pattern) : std::string(each.name), each.get(call.server));
  }
  if (steps == 0) {
    call.reply.error(glob_too_long);
    return;
  }
  call.reply.map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
}

void config_set(SessionCall& call) {
  if (const std::optional<std::string> why = change_parameters(call.server, call.arguments.subspan(2))) {
    call.reply.error(*why);
  } else {
    call.reply.simple("OK");
  }
}

void config_help(SessionCall& call) { reply_with_help(*find_command("config"), call.reply); }

void time(SessionCall& call) {
  const std::chrono::milliseconds now = call.server.system.clock().wall_now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  call.reply.array(2);
  call.reply.bulk(std::to_string(seconds.count()));
  call.reply.bulk(std::to_string(std::chrono::microseconds(now - seconds).count()));
}

void info(SessionCall& call) {
  const ServerContext& server = call.server;
  const Picture now{
      .server = server,
      .process = server.options.process_usage ? server.options.process_usage() : ProcessUsage{},
      .clients = server.clients.totals(),
      .store = server.store->statistics(),
      .uptime_s =
          std::chrono::duration_cast<std::chrono::seconds>(server.system.clock().now() - server.started).count()};
  const Arguments wanted = call.arguments.subspan(1);
  const auto is_wanted = [&](std::string_view name) {
    const auto names = [&](std::string_view known) {
      return std::ranges::any_of(wanted,
                                 [&](BytesView word) { return glob_matches(known, word, LetterCase::ignored); });
    };
    return wanted.empty() || names(name) || names("default") || names("all") || names("everything");
  };
  std::string text;
  for (const auto& [name, describe] : sections) {
    if (is_wanted(name)) describe(text, now);
  }
  call.reply.verbatim("txt", text);
}

void lastsave(SessionCall& call) { call.reply.integer(last_save(call.server.store->statistics(), call.server)); }

}  // namespace understudy::server
