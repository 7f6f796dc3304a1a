// UnsafeKeys: the keys changed by messages to the writer that are not yet safe. What reads consult.
//
// Of a key its hash is kept, which needs no memory of its own: a read of another key with the same hash waits as well,
// and is answered no less rightly.
#pragma once

#include "engine/key_hash.hpp"
#include "understudy/base/bytes.hpp"

#include <cstdint>
#include <deque>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

namespace understudy::store {

/// Batches are numbered upwards; a batch is safe when its number is at or below the safe one.
class UnsafeKeys {
 public:
  explicit UnsafeKeys(KeyHash hash = {}) noexcept : hash_of_(hash) {}

  /// `key` is changed by `batch`.
  void note(BytesView key, std::uint64_t batch) {
    newest_ = batch;
    const std::uint64_t hash = hash_of_(key);
    last_change_.insert_or_assign(hash, batch);
    order_.emplace_back(batch, hash);
  }
  /// Every key is changed by `batch`.
  void note_all(std::uint64_t batch) {
    newest_ = batch;
    cleared_ = batch;
  }
  /// Forgets what `safe` covers. O(1) for each change, over all calls.
  void forget_up_to(std::uint64_t safe) {
    while (!order_.empty() && order_.front().first <= safe) {
      const auto found = last_change_.find(order_.front().second);
      if (found != last_change_.end() && found->second <= safe) last_change_.erase(found);
      order_.pop_front();
    }
    if (newest_ <= safe) newest_ = 0;
    if (cleared_ <= safe) cleared_ = 0;
  }
  [[nodiscard]] bool is_unsafe(BytesView key) const {
    return newest_ != 0 && (cleared_ != 0 || last_change_.contains(hash_of_(key)));
  }
  /// True if anything at all is unsafe.
  [[nodiscard]] bool any() const noexcept { return newest_ != 0; }

 private:
  KeyHash hash_of_;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> last_change_;  // By hash.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> order_;            // Batch and hash.
  std::uint64_t newest_ = 0;
  std::uint64_t cleared_ = 0;
};

}  // namespace understudy::store
