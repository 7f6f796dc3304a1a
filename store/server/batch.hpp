// Batch: neighbouring data commands of one connection, run as one operation of the store.
//
// The operation may run after its session has ended, and even beside a session that was told it failed (an incarnation
// that hangs is replaced, and may go on later): so a batch owns, or shares, all that the operation touches, and after
// an error the session lets go of it.
#pragma once

#include "server/request_buffer.hpp"
#include "server/slow_commands.hpp"
#include "understudy/base/error.hpp"
#include "understudy/store/operation.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace understudy::server {

struct Batch final : store::Operation::Work {
  std::shared_ptr<const RequestBuffer> requests;
  /// The commands to run: from `next` on, which moves, up to `last`.
  std::size_t next = 0;
  std::size_t last = 0;
  /// No further command is begun once the replies, or the values that were set, are longer.
  std::size_t replies_bytes_max = 0;
  std::size_t changes_bytes_max = std::size_t{64} << 20U;
  /// Nor once walks over the store have come to more keys: so others are served between two of them.
  std::size_t keys_seen_max = 10'000;
  RespVersion protocol = RespVersion::resp2;
  std::string replies;
  SlowCommands slow = {};

  /// Runs the commands in their order, each with its reply, until all are done or a limit is reached; at least one.
  void run(store::Transaction& store) override;
  [[nodiscard]] BytesView first_key() const noexcept override;

  /// For Spare: see there.
  [[nodiscard]] std::size_t clear_for_others() noexcept {
    requests.reset();
    replies.clear();
    slow.clear();
    return replies.capacity();
  }

 private:
  /// Of one of its commands; empty if that names none.
  [[nodiscard]] BytesView first_key_of(std::size_t index) const noexcept;
  /// Tells the store which keys the commands that come next are about.
  void announce_keys(store::Transaction& store) const;
};

/// The error reply for a command that the store could not carry out: "MISCONF …" if the journal cannot be written,
/// otherwise "ERR …".
[[nodiscard]] std::string describe_failure(const Error& error);

}  // namespace understudy::server
