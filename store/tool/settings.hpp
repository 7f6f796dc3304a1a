// The settings of `understudy serve`, and the three places they come from: a flag beats the environment, which beats
// the file, which beats the default.
//
// A setting has one name: `flush-interval` is --flush-interval, UNDERSTUDY_FLUSH_INTERVAL, and flush-interval in the
// file. A name that is none is an error, with the nearest one that is: a typing mistake must not pass for a setting.
//
// Threads: pure functions, but for the file that apply_file reads.
#pragma once

#include "server/acl/acl.hpp"
#include "server/options.hpp"
#include "understudy/base/error.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/journal/durability.hpp"
#include "understudy/store/options.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace understudy::tool {

struct Settings {
  /// What the server listens on, whom it lets in, and how much it lets them have. The rest of it is made of what
  /// follows.
  server::ServerOptions server = {};
  std::string directory = "understudy-data";
  Durability durability = Durability::always;
  std::chrono::milliseconds flush_interval{1000};
  std::uint64_t segment_bytes_max = std::uint64_t{64} << 20U;
  std::uint64_t snapshot_after_bytes = std::uint64_t{64} << 20U;
  std::uint64_t disk_bytes_max = 0;
  std::uint64_t memory_bytes_max = 0;
  store::WhenMemoryFull when_memory_full = store::WhenMemoryFull::refuse;
  std::uint32_t workers = 0;
  LogLevel log_level = LogLevel::info;
  server::AclOptions acl = {};
};

/// One setting, as people write it.
struct SettingRow {
  std::string_view name;
  std::string_view value_name;  ///< For the help: PORT.
  std::string_view help;
  bool is_number = false;
  /// A number that may also be a word, in the file too: "off", "100mb".
  bool may_be_text = false;
  /// Fails with invalid_argument and what would do.
  Result<void> (*apply)(Settings& settings, std::string_view text);
};
[[nodiscard]] std::span<const SettingRow> setting_table() noexcept;

/// Applies one setting. The error names `origin`: "--port", "UNDERSTUDY_PORT", "understudy.toml:3: port".
Result<void> apply_setting(Settings& settings, const SettingRow& row, std::string_view text, std::string_view origin);

/// Applies the TOML file at `path`. Errors name the file, the line, and the key.
Result<void> apply_file(Settings& settings, const std::string& path);
/// Applies what begins with UNDERSTUDY_ in `environment`, whose entries are "NAME=value"; UNDERSTUDY_CONFIG is left to
/// config_path.
Result<void> apply_environment(Settings& settings, std::span<const std::string_view> environment);
/// The file that UNDERSTUDY_CONFIG names; empty if it names none.
[[nodiscard]] std::string config_path(std::span<const std::string_view> environment);

/// The environment of the process.
[[nodiscard]] std::span<const std::string_view> process_environment();

}  // namespace understudy::tool
