// Denials: who was refused what of late, for ACL LOG. The same again within a minute is counted, not added.
//
// Threads: every member may be called from any thread.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

class Denials {
 public:
  struct Entry {
    std::string_view reason;   ///< "command", "key", "channel" or "auth".
    std::string_view context;  ///< "toplevel" or "multi".
    std::string object = {};   ///< The command, key or channel that was refused.
    std::string user = {};
    std::string client = {};  ///< As CLIENT LIST describes it.
    TimePoint at{};           ///< The last of them.
    std::uint64_t count = 1;
  };
  static constexpr std::size_t entries_max = 128;
  /// What is kept of a name or a key: they may be of any length.
  [[nodiscard]] static std::string beginning_of(BytesView text) {
    constexpr std::size_t kept_bytes_max = 1024;
    return std::string(text.substr(0, kept_bytes_max));
  }

  void note(Entry entry);
  /// The newest `count`, newest first.
  [[nodiscard]] std::vector<Entry> newest(std::size_t count) const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;  // Newest first.
};

}  // namespace understudy::server
