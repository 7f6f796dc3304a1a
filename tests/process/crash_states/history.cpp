#include "process/crash_states/history.hpp"

#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace understudy::process_test {

namespace {

constexpr std::string_view none = "-";

Bytes from_hex(std::string_view text) {
  Bytes bytes(text.size() / 2, '\0');
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    unsigned value = 0;
    const char* begin = text.data() + 2 * index;
    if (std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2)
      throw std::runtime_error("no hexadecimal number");
    bytes[index] = static_cast<char>(value);
  }
  return bytes;
}

std::optional<std::uint64_t> reply_bytes(std::istream& line) {
  std::string word;
  line >> word;
  if (word == none) return std::nullopt;
  return std::stoull(word);
}

Command read_command(std::istream& line) {
  Command command;
  std::string key;
  std::string value;
  while (line >> key >> value) {
    std::optional<Bytes> given;
    if (value != none) given = from_hex(value == "''" ? "" : value);
    command.changes.emplace_back(from_hex(key), std::move(given));
  }
  return command;
}

std::vector<std::pair<std::size_t, std::size_t>> read_shown(std::istream& line) {
  std::vector<std::pair<std::size_t, std::size_t>> shown;
  std::size_t connection = 0;
  std::size_t command = 0;
  char colon = ':';
  while (line >> connection >> colon >> command) shown.emplace_back(connection, command);
  return shown;
}

void read_line(const std::string& text, std::vector<Connection>& history) {
  std::istringstream line(text);
  std::string what;
  line >> what;
  if (what == "connection") {
    std::size_t number = 0;
    Connection connection;
    line >> number >> connection.life >> connection.port;
    if (!line || number != history.size()) throw std::runtime_error("connections are numbered from 0");
    history.push_back(std::move(connection));
    return;
  }
  Connection& connection = history.at(history.size() - 1);
  if (what == "command") {
    connection.steps.push_back({.reply_bytes = reply_bytes(line), .is_command = true, .shown = {}});
    connection.commands.push_back(read_command(line));
  } else if (what == "read") {
    const auto bytes = reply_bytes(line);
    connection.steps.push_back({.reply_bytes = bytes, .is_command = false, .shown = read_shown(line)});
  } else if (what == "batch") {
    for (std::size_t index = connection.commands.size(); index-- > 0;) {
      if (connection.commands[index].sent_up_to != 0) break;
      connection.commands[index].sent_up_to = connection.commands.size();
    }
  } else {
    throw std::runtime_error("'" + what + "' is not known here");
  }
}

/// The connection that a key belongs to.
std::optional<std::size_t> owner_of(BytesView key) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end == key.data() + key.size() || *end != ':') return std::nullopt;
  return number;
}

std::string shown(std::optional<BytesView> value) {
  if (!value) return "nothing";
  std::string text;
  for (const char byte : value->substr(0, 40)) {
    const bool plain = byte >= ' ' && byte <= '~';
    text += plain ? std::string(1, byte) : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
  return fmt::format("'{}'{} ({} bytes)", text, value->size() > 40 ? "..." : "", value->size());
}

/// How many of a client's keys have another value than they should, while its commands are applied one by one.
class Differences {
 public:
  Differences(const std::unordered_map<BytesView, BytesView>& state, const Values& found, std::size_t count)
      : state_(state), found_(found), count_(count) {}

  void apply(const Command& command) {
    for (const auto& [key, value] : command.changes) {
      count_ -= differs(key, before(key)) ? 1 : 0;
      const std::optional<BytesView> after = value ? std::optional<BytesView>(*value) : std::nullopt;
      changed_[key] = after;
      count_ += differs(key, after) ? 1 : 0;
    }
  }
  [[nodiscard]] bool any() const noexcept { return count_ != 0; }

 private:
  [[nodiscard]] std::optional<BytesView> before(BytesView key) const {
    if (const auto changed = changed_.find(key); changed != changed_.end()) return changed->second;
    if (const auto kept = state_.find(key); kept != state_.end()) return kept->second;
    return std::nullopt;
  }
  [[nodiscard]] bool differs(const Bytes& key, std::optional<BytesView> value) const {
    const auto found = found_.find(key);
    if (found == found_.end()) return value.has_value();
    return !value || *value != found->second;
  }

  const std::unordered_map<BytesView, BytesView>& state_;
  const Values& found_;
  std::size_t count_;
  std::unordered_map<BytesView, std::optional<BytesView>> changed_;
};

}  // namespace

std::vector<Connection> read_history(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<Connection> history;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    try {
      read_line(line, history);
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("{}:{}: {}", path, number, error.what()));
    }
  }
  return history;
}

Progress::Progress(const std::vector<Connection>& history) {
  for (const Connection& connection : history) {
    const auto [place, is_new] = by_port_.try_emplace({connection.life, connection.port}, clients_.size());
    if (!is_new) throw std::runtime_error(fmt::format("port {} was used twice", connection.port));
    clients_.emplace_back().connection = &connection;
  }
}

void Progress::raise(Client& client, std::size_t floor) {
  for (; client.floor < floor; ++client.floor) {
    for (const auto& [key, value] : client.connection->commands.at(client.floor).changes) {
      if (value) {
        client.state[key] = *value;
      } else {
        client.state.erase(key);
      }
    }
  }
}

void Progress::apply(const Event& event) {
  if (event.head.kind == EventKind::process_begins) ++life_;
  if (event.head.kind != EventKind::replied) return;
  const auto found = by_port_.find({life_, event.head.file});
  if (found == by_port_.end()) return;  // Somebody whose commands do not count: the test itself.
  Client& client = clients_[found->second];
  client.sent_bytes += event.head.size;
  for (; client.step < client.connection->steps.size(); ++client.step) {
    const Step& step = client.connection->steps[client.step];
    if (!step.reply_bytes || client.bytes_read + *step.reply_bytes > client.sent_bytes) return;
    client.bytes_read += *step.reply_bytes;
    if (step.is_command) {
      ++answered_;
      raise(client, ++client.answered);
    }
    for (const auto& [connection, command] : step.shown) raise(clients_.at(connection), command);
  }
}

std::optional<std::string> Progress::check(const Values& found) const {
  struct Count {
    std::size_t same = 0;
    std::size_t other = 0;  // The key should have another value.
    std::size_t extra = 0;  // It should not be there.
  };
  std::vector<Count> counts(clients_.size());
  for (const auto& [key, value] : found) {
    const std::optional<std::size_t> owner = owner_of(key);
    if (!owner || *owner >= clients_.size()) return "there is a key that nobody has written: " + shown(key);
    Count& count = counts[*owner];
    const auto& state = clients_[*owner].state;
    const auto kept = state.find(key);
    if (kept == state.end()) {
      ++count.extra;
    } else if (kept->second == value) {
      ++count.same;
    } else {
      ++count.other;
    }
  }
  for (std::size_t number = 0; number < clients_.size(); ++number) {
    const Client& client = clients_[number];
    const Count& count = counts[number];
    const std::size_t missing = client.state.size() - count.same - count.other;
    Differences differences(client.state, found, count.other + count.extra + missing);
    const std::vector<Command>& commands = client.connection->commands;
    const std::size_t sent = client.floor < commands.size() ? commands[client.floor].sent_up_to : client.floor;
    for (std::size_t next = client.floor; differences.any() && next < sent; ++next) differences.apply(commands[next]);
    if (differences.any()) return difference(client, number, found);
  }
  return std::nullopt;
}

std::string Progress::difference(const Client& client, std::size_t number, const Values& found) {
  std::string text =
      fmt::format("connection {}, {} commands answered, {} must be there:", number, client.answered, client.floor);
  int shown_keys = 0;
  for (const auto& [key, value] : client.state) {
    const auto stored = found.find(Bytes(key));
    if (stored != found.end() && stored->second == value) continue;
    if (++shown_keys > 5) break;
    text += fmt::format("\n  {} should be {}, and is {}", shown(key), shown(value),
                        stored == found.end() ? shown(std::nullopt) : shown(stored->second));
  }
  for (const auto& [key, value] : found) {
    if (owner_of(key) != number || client.state.contains(key)) continue;
    if (++shown_keys > 5) break;
    text += fmt::format("\n  {} should not be there, and is {}", shown(key), shown(value));
  }
  return text;
}

}  // namespace understudy::process_test
