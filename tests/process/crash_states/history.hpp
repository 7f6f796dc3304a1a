// What clients did, and what they may therefore expect of the store after a crash.
//
// Each connection writes keys of its own, "NUMBER:name", and sends some commands at once, then waits for their replies.
// So what the store may hold of its keys is: the state after some number of its commands, in order; not fewer than were
// answered, nor than a reader has been shown; not more than were sent. What was answered when is not the clients' word,
// but the order of system calls: a reply counts from the moment it was handed to the system.
//
// The file has a line for each of these, in the order in which a connection did it; bytes are in hexadecimal:
//
//     connection NUMBER LIFE PORT       LIFE: which start of the program, from 1; PORT: the client's
//     command REPLY KEY VALUE ...       REPLY: bytes of its reply, - if none came; VALUE: - if the key is removed
//     batch                             all commands since the last such line were sent at once
//     read REPLY NUMBER:COMMAND ...     it was shown what that command of that connection, counted from 1, had written
#pragma once

#include "process/crash_states/recorded_events.hpp"
#include "understudy/base/bytes.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::process_test {

using Values = std::unordered_map<Bytes, Bytes>;

struct Command {
  std::vector<std::pair<Bytes, std::optional<Bytes>>> changes;
  std::size_t sent_up_to = 0;  ///< How many commands had been sent when this one was.
};

/// Something that gets a reply.
struct Step {
  std::optional<std::uint64_t> reply_bytes;
  bool is_command = false;
  std::vector<std::pair<std::size_t, std::size_t>> shown;  ///< Connection, and how many of its commands.
};

struct Connection {
  std::uint64_t life = 0;
  std::uint64_t port = 0;
  std::vector<Command> commands;
  std::vector<Step> steps;
};

/// Throws std::runtime_error, naming the line, for a file that can't be read.
[[nodiscard]] std::vector<Connection> read_history(const std::string& path);

/// How far the clients have come at one point of a recording. Threads: one.
class Progress {
 public:
  explicit Progress(const std::vector<Connection>& history);

  void apply(const Event& event);
  /// Empty if the store may hold these values; otherwise what is wrong, in words.
  [[nodiscard]] std::optional<std::string> check(const Values& found) const;
  /// Commands that have been answered.
  [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }

 private:
  struct Client {
    const Connection* connection = nullptr;
    std::uint64_t sent_bytes = 0;  // of replies
    std::uint64_t bytes_read = 0;  // those of whole replies
    std::size_t step = 0;
    std::size_t answered = 0;                        // commands
    std::size_t floor = 0;                           // commands that must be there
    std::unordered_map<BytesView, BytesView> state;  // after these
  };

  void raise(Client& client, std::size_t floor);
  [[nodiscard]] static std::string difference(const Client& client, std::size_t number, const Values& found);

  std::vector<Client> clients_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> by_port_;  // life and port
  std::uint64_t life_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace understudy::process_test
