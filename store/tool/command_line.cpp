#include "tool/command_line.hpp"

#include "tool/backup.hpp"
#include "tool/check.hpp"
#include "tool/demo.hpp"
#include "tool/export.hpp"
#include "tool/fail.hpp"
#include "tool/import.hpp"
#include "tool/inspect.hpp"
#include "tool/salvage.hpp"
#include "tool/serve.hpp"
#include "tool/settings.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace understudy::tool {
namespace {

constexpr int usage_error = 2;

/// Flags over environment over file over defaults.
Result<Settings> read_settings(const std::map<std::string_view, std::string>& flags, std::string config) {
  Settings settings;
  Result<void> done;
  if (config.empty()) config = config_path(process_environment());
  if (!config.empty()) done = apply_file(settings, config);
  if (done) done = apply_environment(settings, process_environment());
  for (const SettingRow& row : setting_table()) {
    const auto flag = flags.find(row.name);
    if (done && flag != flags.end()) done = apply_setting(settings, row, flag->second, fmt::format("--{}", row.name));
  }
  if (!done) return std::unexpected(done.error());
  return settings;
}

/// Tools for the files of a data directory.
class DirectoryTools {
 public:
  explicit DirectoryTools(CLI::App& app)
      : check_(app.add_subcommand("check", "Verify all files of a data directory; changes nothing")),
        inspect_(app.add_subcommand("inspect", "Show the records of a data directory; changes nothing")),
        salvage_(app.add_subcommand("salvage", "Make a new store of all that is whole in a damaged one")),
        back_up_(app.add_subcommand("backup", "Copy a data directory, also while a server uses it; checks all of it")),
        restore_(app.add_subcommand("restore", "Make a data directory from a backup; checks all of it")) {
    check_->add_option("dir", from_, "The data directory")->required()->option_text("DIR");
    inspect_->add_option("dir", inspected_.directory, "The data directory")->required()->option_text("DIR");
    inspect_->add_flag("--json", inspected_.json, "A JSON object a line");
    inspect_->add_option("--from", inspected_.from, "The first LSN to show")->option_text("LSN");
    inspect_->add_option("--to", inspected_.to, "The last LSN to show")->option_text("LSN");
    salvage_->add_option("dir", from_, "The damaged data directory; it is left as it is")
        ->required()
        ->option_text("DIR");
    salvage_->add_option("--to", to_, "The new data directory; must be empty or not there")
        ->required()
        ->option_text("NEW");
    back_up_->add_option("dir", from_, "The data directory; it is left as it is")->required()->option_text("DIR");
    back_up_->add_option("--to", to_, "The backup, a directory; must be empty or not there")
        ->required()
        ->option_text("NEW");
    restore_->add_option("backup", restored_.backup, "The backup; it is left as it is")
        ->required()
        ->option_text("BACKUP");
    restore_->add_option("--to", restored_.directory, "The data directory to make")->required()->option_text("DIR");
    restore_->add_flag("--move-aside", restored_.move_aside, "Rename DIR first if it holds files; they are kept");
  }

  /// The exit code, if one of them was asked for.
  [[nodiscard]] std::optional<int> run() const {
    if (check_->parsed()) return check_data(from_);
    if (inspect_->parsed()) return inspect_data(inspected_);
    if (salvage_->parsed()) return salvage_data(from_, to_);
    if (back_up_->parsed()) return back_up(from_, to_);
    if (restore_->parsed()) return restore(restored_);
    return std::nullopt;
  }

 private:
  CLI::App* check_;
  CLI::App* inspect_;
  CLI::App* salvage_;
  CLI::App* back_up_;
  CLI::App* restore_;
  std::string from_;
  std::string to_;
  InspectOptions inspected_;
  RestoreOptions restored_;
};

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("A durable key-value store that Redis clients can talk to.", "understudy");
  app.set_version_flag("--version", "understudy " UNDERSTUDY_VERSION);
  std::map<std::string_view, std::string> flags;
  std::string config;
  const auto add_setting = [&](CLI::App* command, const SettingRow& row) {
    const auto keep = [&flags, name = row.name](const std::string& text) { flags[name] = text; };
    command->add_option_function<std::string>(fmt::format("--{}", row.name), keep, std::string(row.help))
        ->option_text(std::string(row.value_name));
  };
  CLI::App* serve = app.add_subcommand("serve", "Serve the store until SIGTERM or SIGINT");
  CLI::App* import = app.add_subcommand("import", "Put a data.json, or JSON lines, into a store");
  CLI::App* data_export = app.add_subcommand("export", "Write a store as a data.json, or as JSON lines");
  CLI::App* demo =
      app.add_subcommand("demo", "Show actors being replaced: a store that is reset, or actors that are stuck");
  std::string demonstration = "reset";
  demo->add_option("which", demonstration,
                   "reset: of a store, while requests wait; stuck: actors that do not come back")
      ->check(CLI::IsMember({"reset", "stuck"}))
      ->capture_default_str();
  const DirectoryTools directory_tools(app);
  CLI::App* help = app.add_subcommand("help", "Print this help");
  for (const SettingRow& row : setting_table()) {
    add_setting(serve, row);
    if (row.name == "dir") add_setting(import, row), add_setting(data_export, row);
  }
  serve->add_option("--config", config, "Settings in TOML: the names of these flags, without dashes in front")
      ->option_text("FILE");
  ImportOptions import_options;
  constexpr const char* format_help = "json: a data.json; jsonl: JSON lines; otherwise the file's ending says it";
  import->add_option("file", import_options.file, "The file to read; - is standard input")->required();
  import->add_option("--format", import_options.format, format_help)->check(CLI::IsMember({"json", "jsonl"}));
  import->add_flag("--overwrite", import_options.overwrite,
                   "Into a store that has keys; those of the same name are replaced");
  ExportOptions export_options;
  data_export->add_option("file", export_options.file, "The file to write; - is standard output")
      ->capture_default_str();
  data_export->add_option("--format", export_options.format, format_help)->check(CLI::IsMember({"json", "jsonl"}));
  data_export->add_flag("--force", export_options.force, "Replace the file if it exists");
  const std::string overview = app.help();  // Later it would be the help of the subcommand that was given.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : usage_error;
  }
  if (help->parsed() || app.get_subcommands().empty()) {
    fmt::print(help->parsed() ? stdout : stderr, "{}", overview);
    return help->parsed() ? 0 : usage_error;
  }
  if (demo->parsed()) return demonstration == "stuck" ? run_demo_stuck() : run_demo();
  if (const std::optional<int> code = directory_tools.run()) return end_of_output(*code);
  const Result<Settings> settings = read_settings(flags, config);
  if (!settings) {
    fail(settings.error());
    return usage_error;
  }
  import_options.directory = export_options.directory = settings->directory;
  if (import->parsed()) return import_data(import_options);
  if (data_export->parsed()) return export_data(export_options);
  return understudy::tool::serve(*settings);
}

}  // namespace understudy::tool
