// ChangeBatch: what several requests have changed and the writer has not been sent yet. It becomes one batch of the
// journal, whose size is limited.
//
// Threads: one at a time.
#pragma once

#include "engine/record_format.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/store/transaction.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace understudy::store {

struct ChangeBatch {
  /// As the recorder counts them.
  std::uint64_t number = 0;
  ChangeList changes;

  /// What has been changed. Afterwards nothing has; there is room for as much again, within reason.
  [[nodiscard]] ChangeList take() {
    constexpr std::size_t reserved_max = std::size_t{64} << 10U;
    ChangeList taken = std::exchange(changes, {});
    if (taken.batch_bytes() <= reserved_max) changes.reserve(taken.count(), taken.bytes());
    return taken;
  }
  /// As Transaction::room_for_changes.
  [[nodiscard]] std::size_t room() const noexcept {
    return batch_bytes_max - std::min(batch_bytes_max, changes.batch_bytes());
  }
  /// Whether a change of a key and a value of so many bytes together has room.
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept { return bytes + change_overhead_bytes <= room(); }
  /// For a change that must be made; before anything of it is done.
  void check_fits(std::size_t bytes) const {
    if (bytes + change_overhead_bytes > payload_bytes_max || !fits(bytes)) {
      throw std::length_error("a change, or an operation's changes together, are more than the journal takes at once");
    }
  }
};

}  // namespace understudy::store
