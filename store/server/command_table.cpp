#include "server/command_table.hpp"

#include "server/commands/arguments.hpp"
#include "server/table/rows.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::size_t name_bytes_max = 64;

/// All rows, one part after the other, and where each stands.
class Index {
 public:
  Index() {
    const auto parts = std::to_array<CommandSection>({{"Strings", string_commands()},
                                                      {"Keys", key_commands()},
                                                      {"Transactions", transaction_commands()},
                                                      {"Channels", pubsub_commands()},
                                                      {"The connection", connection_commands()},
                                                      {"Users", acl_commands()},
                                                      {"The server", server_commands()}});
    for (const CommandSection& part : parts) all_.insert(all_.end(), part.commands.begin(), part.commands.end());
    std::span<const Command> rest = all_;
    for (const CommandSection& part : parts) {
      sections_.push_back({.title = part.title, .commands = rest.first(part.commands.size())});
      rest = rest.subspan(part.commands.size());
    }
    for (const Command& command : all_) {
      rows_.emplace(command.name, &command);
      if (const std::uint64_t letters = letters_of(command.name); letters != 0) {
        Short* place = &short_names_[place_of(letters)];
        while (place->command != nullptr) place = next(place);
        *place = {.letters = letters, .command = &command, .is_container = !subcommands(command).empty()};
      }
    }
  }
  [[nodiscard]] std::span<const Command> all() const noexcept { return all_; }
  [[nodiscard]] std::span<const CommandSection> sections() const noexcept { return sections_; }
  [[nodiscard]] const Command* find(std::string_view name) const noexcept {
    const auto found = rows_.find(name);
    return found == rows_.end() ? nullptr : found->second;
  }
  /// The command, if it has a short name and no subcommands, as most have; null: look at it more closely.
  [[nodiscard]] const Command* find_plain(std::string_view name) const noexcept {
    const std::uint64_t letters = letters_of(name);
    if (letters == 0) return nullptr;
    const Short* place = &short_names_[place_of(letters)];
    while (place->command != nullptr && place->letters != letters) place = next(place);
    return place->is_container ? nullptr : place->command;
  }
  [[nodiscard]] std::span<const Command> subcommands(const Command& container) const noexcept {
    if (is_subcommand(container)) return {};
    const std::span<const Command> all = all_;
    const std::size_t first = static_cast<std::size_t>(&container - all.data()) + 1;
    std::size_t last = first;
    while (last < all.size() && is_subcommand(all[last])) ++last;
    return all.subspan(first, last - first);
  }

 private:
  /// A name of at most eight letters as one number, whatever the size of its letters. What is no letter becomes a byte
  /// that is none either: no other name has the same number.
  static std::uint64_t letters_of(std::string_view name) noexcept {
    std::uint64_t letters = 0;
    if (name.empty() || name.size() > sizeof letters) return 0;
    std::memcpy(&letters, name.data(), name.size());
    constexpr std::uint64_t bits_of_small = 0x2020'2020'2020'2020;
    return letters | bits_of_small >> 8U * (sizeof letters - name.size());
  }
  struct Short {
    std::uint64_t letters = 0;
    const Command* command = nullptr;
    bool is_container = false;
  };
  // Several times as many as there are commands, so that few have a neighbour.
  static constexpr unsigned place_bits = 10;
  static std::size_t place_of(std::uint64_t letters) noexcept {
    constexpr std::uint64_t golden_ratio = 0x9E37'79B9'7F4A'7C15;  // Knuth's multiplicative hashing.
    return letters * golden_ratio >> (64U - place_bits);
  }
  template <typename Place>
  Place next(Place place) const noexcept {
    return place == &short_names_.back() ? place - (short_names_.size() - 1) : place + 1;
  }

  std::vector<Command> all_;
  std::vector<CommandSection> sections_;
  std::array<Short, std::size_t{1} << place_bits> short_names_{};
  boost::unordered_flat_map<std::string_view, const Command*> rows_;
};

const Index& index() {
  static const Index instance;
  return instance;
}

/// `name` in small letters; empty if it is longer than any of ours.
class SmallName {
 public:
  explicit SmallName(std::string_view name) noexcept { append(name); }
  void append(std::string_view text) noexcept {
    if (too_long_ || size_ + text.size() > bytes_.size()) {
      too_long_ = true;
      return;
    }
    for (const char letter : text) bytes_[size_++] = small_letter(letter);
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return too_long_ ? std::string_view{} : std::string_view(bytes_.data(), size_);
  }

 private:
  std::array<char, name_bytes_max> bytes_{};
  std::size_t size_ = 0;
  bool too_long_ = false;
};

}  // namespace

std::span<const Command> command_table() noexcept { return index().all(); }

std::span<const CommandSection> command_sections() noexcept { return index().sections(); }

bool is_subcommand(const Command& command) noexcept { return command.name.contains('|'); }

std::span<const Command> subcommands_of(const Command& container) noexcept { return index().subcommands(container); }

const Command* find_command(std::string_view name) noexcept { return index().find(SmallName(name).view()); }

bool arity_fits(const Command& command, std::size_t count) noexcept {
  const auto words = static_cast<std::size_t>(command.arity < 0 ? -command.arity : command.arity);
  return command.arity < 0 ? count >= words : count == words;
}

Lookup look_up(Arguments arguments) noexcept {
  if (const Command* plain = index().find_plain(arguments[0])) {
    return {.command = plain,
            .problem = arity_fits(*plain, arguments.size()) ? Lookup::Problem::none : Lookup::Problem::wrong_arity};
  }
  SmallName name(arguments[0]);
  // A subcommand is no command of its own.
  const Command* command = arguments[0].contains('|') ? nullptr : index().find(name.view());
  if (command == nullptr) return {.command = nullptr, .problem = Lookup::Problem::unknown_command};
  if (arguments.size() > 1 && !subcommands_of(*command).empty()) {
    name.append("|");
    name.append(arguments[1]);
    const Command* subcommand = index().find(name.view());
    if (subcommand == nullptr) return {.command = command, .problem = Lookup::Problem::unknown_subcommand};
    command = subcommand;
  }
  if (!arity_fits(*command, arguments.size())) return {.command = command, .problem = Lookup::Problem::wrong_arity};
  return {.command = command};
}

void reply_to_problem(const Lookup& lookup, Arguments arguments, RespWriter& reply) {
  constexpr std::size_t shown_max = 128;
  switch (lookup.problem) {
    case Lookup::Problem::none:
      return;
    case Lookup::Problem::wrong_arity:
      reply.error(fmt::format("ERR wrong number of arguments for '{}' command", lookup.command->name));
      return;
    case Lookup::Problem::unknown_subcommand:
      reply.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", shown(arguments[1], shown_max),
                              capital_letters(lookup.command->name)));
      return;
    case Lookup::Problem::unknown_command: {
      std::string rest;
      for (const BytesView argument : arguments.subspan(1)) {
        if (rest.size() >= shown_max) break;
        rest += fmt::format("'{}' ", shown(argument, shown_max - rest.size()));
      }
      reply.error(
          fmt::format("ERR unknown command '{}', with args beginning with: {}", shown(arguments[0], shown_max), rest));
      return;
    }
  }
}

void reply_with_help(const Command& container, RespWriter& reply) {
  const std::span<const Command> subcommands = subcommands_of(container);
  reply.array(1 + 2 * subcommands.size());
  reply.simple(
      fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", capital_letters(container.name)));
  const auto line = [&](const Command& command) {
    const std::string name = capital_letters(command.name.substr(container.name.size() + 1));
    reply.simple(command.usage.empty() ? name : fmt::format("{} {}", name, command.usage));
    reply.simple(fmt::format("    {}", command.summary));
  };
  for (const Command& command : subcommands) line(command);
}

}  // namespace understudy::server
