// WatchedKeys: who wants to know of changes to which keys.
//
// A watch that nobody holds any more is forgotten when its key is touched, and otherwise when the watches have
// doubled since all of them were looked through: so no end of a watch needs to be announced, and one that is given
// again and again takes no more than twice its memory.
#pragma once

#include "engine/key_hash.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/store/watch.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace understudy::store {

class WatchedKeys {
 public:
  explicit WatchedKeys(KeyHash hash = {}) : all_(0, hash) {}
  WatchedKeys(WatchedKeys&&) noexcept = default;
  WatchedKeys& operator=(WatchedKeys&&) noexcept = default;
  WatchedKeys(const WatchedKeys&) = delete;
  WatchedKeys& operator=(const WatchedKeys&) = delete;
  /// The incarnation ends: whoever comes next knows nothing of what is watched.
  ~WatchedKeys() { touch_all(); }

  /// Amortized O(log n).
  void add(BytesView key, const std::shared_ptr<Watch>& watch);
  /// O(watches of the key).
  void touch(BytesView key) {
    if (!all_.empty()) touch_found(key);
  }
  /// Those whose keys are such, by `is_one`.
  void touch_those(const std::function<bool(BytesView)>& is_one);
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

 private:
  void touch_found(BytesView key);
  void touch_all() noexcept;
  void sweep();

  boost::unordered_flat_map<Bytes, std::vector<std::weak_ptr<Watch>>, KeyHash, std::equal_to<>> all_;
  static constexpr std::size_t swept_at_least_every = 64;
  std::size_t added_ = 0;  // Since the last sweep.
  std::size_t sweep_after_ = swept_at_least_every;
};

}  // namespace understudy::store
