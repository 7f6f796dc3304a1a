#include "tool/settings.hpp"

#include "server/memory_limit.hpp"
#include "tool/network_settings.hpp"
#include "tool/user_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace understudy::tool {
namespace {

constexpr std::string_view variable_prefix = "UNDERSTUDY_";
// Variables with our prefix that are no settings: those of the scripts that build and test, and the file's name.
constexpr std::array<std::string_view, 3> other_variables{"UNDERSTUDY_CONFIG", "UNDERSTUDY_JOBS", "UNDERSTUDY_PROGRAM"};

Result<void> apply_directory(Settings& settings, std::string_view text) {
  if (text.empty()) return failure(ErrorCode::invalid_argument, "a directory is needed");
  settings.directory = text;
  return {};
}

Result<void> apply_durability(Settings& settings, std::string_view text) {
  const Result<Durability> durability = parse_durability(text);
  if (!durability) return std::unexpected(durability.error());
  settings.durability = *durability;
  return {};
}

Result<void> apply_flush_interval(Settings& settings, std::string_view text) {
  const Result<std::uint64_t> number = parse_number(text, 1, 3'600'000);
  if (!number) return std::unexpected(number.error());
  settings.flush_interval = std::chrono::milliseconds(*number);
  return {};
}

template <std::uint64_t Settings::* Bytes, std::uint64_t Least = 0>
Result<void> apply_bytes(Settings& settings, std::string_view text) {
  const Result<std::uint64_t> number = parse_number(text, Least, std::uint64_t{1} << 50U);
  if (!number) return std::unexpected(number.error());
  settings.*Bytes = *number;
  return {};
}

Result<void> apply_maxmemory(Settings& settings, std::string_view text) {
  const std::optional<std::uint64_t> bytes = server::parse_memory_size(text);
  if (!bytes) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("'{}' is no number of bytes, such as 104857600 or 100mb", text));
  }
  settings.memory_bytes_max = *bytes;
  return {};
}

Result<void> apply_maxmemory_policy(Settings& settings, std::string_view text) {
  const std::optional<store::WhenMemoryFull> policy = server::parse_memory_policy(text);
  if (!policy) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("'{}' is none of {}, {}", text, server::refuse_name, server::evict_name));
  }
  settings.when_memory_full = *policy;
  return {};
}

Result<void> apply_workers(Settings& settings, std::string_view text) {
  const Result<std::uint64_t> number = parse_number(text, 0, 1024);
  if (!number) return std::unexpected(number.error());
  settings.workers = static_cast<std::uint32_t>(*number);
  return {};
}

Result<void> apply_log_level(Settings& settings, std::string_view text) {
  constexpr std::array<std::string_view, 5> names{"debug", "info", "warning", "error", "off"};
  constexpr std::array levels{LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off};
  const auto* const found = std::ranges::find(names, text);
  if (found == names.end()) {
    return failure(ErrorCode::invalid_argument, fmt::format("'{}' is none of {}", text, fmt::join(names, ", ")));
  }
  settings.log_level = levels.at(static_cast<std::size_t>(found - names.begin()));
  return {};
}

constexpr std::array<SettingRow, 12> own_rows{{
    {.name = "dir", .value_name = "DIR", .help = "Data directory; made when missing", .apply = apply_directory},
    {.name = "durability",
     .value_name = "WHEN",
     .help = "What an answered write survives: always (power loss), interval (the end of the process), none",
     .apply = apply_durability},
    {.name = "flush-interval",
     .value_name = "MS",
     .help = "With durability interval: milliseconds between flushes",
     .is_number = true,
     .apply = apply_flush_interval},
    {.name = "segment-size",
     .value_name = "BYTES",
     .help = "Size at which a file of the journal ends and the next begins",
     .is_number = true,
     .apply = apply_bytes<&Settings::segment_bytes_max, 4096>},
    {.name = "snapshot-after",
     .value_name = "BYTES",
     .help = "Bytes of journal after which a snapshot is taken; 0: only by UNDERSTUDY SNAPSHOT",
     .is_number = true,
     .apply = apply_bytes<&Settings::snapshot_after_bytes>},
    {.name = "disk-limit",
     .value_name = "BYTES",
     .help = "Bytes of journal and snapshot beyond which writes are refused; 0: no limit but the disk's",
     .is_number = true,
     .apply = apply_bytes<&Settings::disk_bytes_max>},
    {.name = "maxmemory",
     .value_name = "BYTES",
     .help = "The most that keys and values may take in memory, such as 100mb; 0: no limit",
     .is_number = true,
     .apply = apply_maxmemory},
    {.name = "maxmemory-policy",
     .value_name = "POLICY",
     .help = "At that limit: noeviction refuses writes, allkeys-lru evicts the least recently used",
     .apply = apply_maxmemory_policy},
    {.name = "workers",
     .value_name = "N",
     .help = "Worker threads; 0: one for every two processors",
     .is_number = true,
     .apply = apply_workers},
    {.name = "requirepass",
     .value_name = "PASSWORD",
     .help = "Password of the user default; others see it here: better in the file or the environment",
     .apply = apply_requirepass},
    {.name = "aclfile",
     .value_name = "FILE",
     .help = "Users and what they may do, a line each; see docs/security.md",
     .apply = apply_aclfile},
    {.name = "log-level",
     .value_name = "LEVEL",
     .help = "debug, info, warning, error or off",
     .apply = apply_log_level},
}};

/// All of them: what the server listens on and limits first.
const std::vector<SettingRow>& table() {
  static const std::vector<SettingRow> all = [] {
    const std::span<const SettingRow> of_network = network_setting_rows();
    std::vector<SettingRow> rows(of_network.begin(), of_network.end());
    rows.insert(rows.end(), own_rows.begin(), own_rows.end());
    return rows;
  }();
  return all;
}

std::string variable_of(const SettingRow& row) {
  std::string name(variable_prefix);
  for (const char letter : row.name) {
    name += letter == '-' ? '_' : static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 32 : letter);
  }
  return name;
}

/// How many letters must be added, taken away or changed to come from one to the other.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::string nearest(std::string_view name, std::span<const std::string> known) {
  return *std::ranges::min_element(known, {}, [&](const std::string& each) { return distance(name, each); });
}

/// The value as a flag would give it; empty if it is of another type than the setting.
std::optional<std::string> text_of(const toml::node& node, const SettingRow& row) {
  if (!row.is_number) return node.value_exact<std::string>();
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  const auto text = node.value_exact<std::string>();
  const bool is_word = text && text->find_first_not_of("0123456789") != std::string::npos;
  return row.may_be_text && is_word ? text : std::nullopt;
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most) return value;
  return failure(ErrorCode::invalid_argument,
                 fmt::format("'{}' is not a whole number from {} to {}", text, least, most));
}

std::span<const SettingRow> setting_table() noexcept { return table(); }

Result<void> apply_setting(Settings& settings, const SettingRow& row, std::string_view text, std::string_view origin) {
  const Result<void> applied = row.apply(settings, text);
  if (applied) return applied;
  return failure(applied.error().code(), fmt::format("{}: {}", origin, applied.error().message()));
}

Result<void> apply_file(Settings& settings, const std::string& path) {
  // The parser takes a directory for a file in which nothing stands.
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown))
    return failure(ErrorCode::invalid_argument, fmt::format("{}: it is a directory, not a file of settings", path));
  toml::table file;
  try {
    file = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    const std::string where = line > 0 ? fmt::format("{}:{}", path, line) : path;
    return failure(ErrorCode::invalid_argument, fmt::format("{}: {}", where, error.description()));
  }
  std::vector<std::string> known;
  for (const SettingRow& row : table()) known.emplace_back(row.name);
  known.emplace_back(users_key);
  // In the order of the file: the first mistake is the one that is told.
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (auto&& [key, node] : file) entries.emplace_back(&key, &node);
  std::ranges::sort(entries, {}, [](const auto& entry) { return entry.first->source().begin.line; });
  for (const auto& [key, node] : entries) {
    const std::string origin = fmt::format("{}:{}: {}", path, key->source().begin.line, key->str());
    if (key->str() == users_key) {
      const Result<void> applied = apply_users(settings, *node, path);
      if (!applied) return applied;
      continue;
    }
    const auto row = std::ranges::find(table(), key->str(), &SettingRow::name);
    if (row == table().end()) {
      return failure(ErrorCode::invalid_argument, fmt::format("{}: there is no such setting; the nearest is '{}'",
                                                              origin, nearest(key->str(), known)));
    }
    const std::optional<std::string> text = text_of(*node, *row);
    if (!text) {
      return failure(ErrorCode::invalid_argument,
                     fmt::format("{}: must be {}", origin, row->is_number ? "a whole number" : "a text in quotes"));
    }
    const Result<void> applied = apply_setting(settings, *row, *text, origin);
    if (!applied) return applied;
  }
  return {};
}

Result<void> apply_environment(Settings& settings, std::span<const std::string_view> environment) {
  std::vector<std::string> known{std::string(other_variables[0])};
  for (const SettingRow& row : table()) known.push_back(variable_of(row));
  for (const std::string_view entry : environment) {
    const std::string_view name = entry.substr(0, entry.find('='));
    if (!name.starts_with(variable_prefix) || std::ranges::find(other_variables, name) != other_variables.end())
      continue;
    const auto found = std::ranges::find(known, name);
    if (found == known.end()) {
      return failure(ErrorCode::invalid_argument,
                     fmt::format("{}: there is no such setting; the nearest is {}", name, nearest(name, known)));
    }
    const SettingRow& row = table().at(static_cast<std::size_t>(found - known.begin()) - 1);
    const Result<void> applied = apply_setting(settings, row, entry.substr(name.size() + 1), name);
    if (!applied) return applied;
  }
  return {};
}

std::string config_path(std::span<const std::string_view> environment) {
  constexpr std::string_view beginning = "UNDERSTUDY_CONFIG=";
  for (const std::string_view entry : environment) {
    if (entry.starts_with(beginning)) return std::string(entry.substr(beginning.size()));
  }
  return {};
}

std::span<const std::string_view> process_environment() {
  static const std::vector<std::string_view> entries = [] {
    std::vector<std::string_view> found;
    for (char** entry = environ; *entry != nullptr; ++entry) found.emplace_back(*entry);
    return found;
  }();
  return entries;
}

}  // namespace understudy::tool
