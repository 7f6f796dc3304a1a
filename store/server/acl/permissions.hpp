// Permissions: which commands may be run, on which keys, and with which channels. A user has one set of them, and any
// number of further ones (selectors), each of which may allow a command on its own.
//
// It is made from rules, one after the other, as Redis has them:
//
//   +get -get +client|id          one command; a container with all its subcommands; one subcommand
//   +select|0                     a command if its first argument is this one
//   +@read -@read                 a category         +@all allcommands -@all nocommands   everything, nothing
//   ~pattern %R~ %W~ %RW~         keys, for reading or writing         allkeys ~* resetkeys
//   &pattern                      channels                             allchannels &* resetchannels
//
// Threads: constant once it is made.
#pragma once

#include "server/command.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

/// Why a command is refused, the later the more it was found to be allowed.
enum class Denial : std::uint8_t { none, command, key, channel };

/// What `Permissions::apply` says of a rule that names a command, or a category, that there is not.
inline constexpr std::string_view unknown_name = "Unknown command or category name in ACL";

struct Verdict {
  Denial denial = Denial::none;
  /// The key or the channel that was refused.
  std::size_t argument = 0;
};

class Permissions {
 public:
  /// Nothing is allowed but what everybody may do: AUTH, HELLO, QUIT, RESET.
  Permissions();

  /// Applies one rule. Fails with invalid_argument, worded as Redis does, and then changes nothing.
  Result<void> apply(BytesView rule);

  /// Everything is allowed, what is added to the table later included.
  [[nodiscard]] bool unlimited() const noexcept { return all_commands_ && all_keys_ && all_channels_; }
  [[nodiscard]] Verdict check(const Command& command, Arguments arguments) const;
  /// `pattern`: it is a pattern of channels, and must be allowed as such.
  [[nodiscard]] bool allows_channel(BytesView channel, bool pattern) const;

  /// The patterns of channels; "*" if it allows all.
  [[nodiscard]] std::vector<std::string> channel_patterns() const;

  // As rules that make the same, separated by spaces.
  [[nodiscard]] std::string describe_commands() const;
  [[nodiscard]] std::string describe_keys() const;
  /// `reset` begins with the rule that forbids all others.
  [[nodiscard]] std::string describe_channels(bool reset) const;
  /// All three.
  [[nodiscard]] std::string describe() const;

 private:
  struct KeyPattern {
    std::string pattern;
    std::uint8_t access;
  };
  /// Of the description: "get", "client|id", "@read".
  struct CommandRule {
    bool allow;
    std::string name;
  };
  struct FirstArgument {
    std::size_t command;
    std::string value;
  };

  Result<void> apply_to_commands(BytesView rule);
  Result<void> apply_category(bool allow, std::string_view name);
  Result<void> allow_first_argument(std::string_view name);
  Result<void> add_keys(BytesView rule);
  Result<void> add_channels(BytesView rule);
  void set_all_commands(bool allow);
  void set_commands(const std::vector<std::size_t>& places, bool allow);
  void note_rule(CommandRule rule, const std::vector<std::size_t>& places);
  void drop_idle_rules();
  void bring_categories_forward();
  /// What the rules that were noted allow.
  [[nodiscard]] std::vector<bool> allowed_by_rules() const;
  [[nodiscard]] bool allows_command(const Command& command, Arguments arguments) const;
  [[nodiscard]] bool allows_key(BytesView key, std::uint8_t access) const;

  bool all_commands_ = false;  // As `+@all` says, with nothing taken away since.
  bool all_keys_ = false;
  bool all_channels_ = false;
  std::vector<bool> allowed_;  // By the command's place in the table. Always what `rules_` say.
  bool from_all_ = false;      // They begin with +@all, else with -@all.
  std::vector<CommandRule> rules_;
  std::vector<FirstArgument> first_arguments_;
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
};

}  // namespace understudy::server
