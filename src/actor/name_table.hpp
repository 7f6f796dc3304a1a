// The names of a system's actors: found without a lock, since an entry that has been added stays as long as the table.
#pragma once

#include "understudy/actor/detail/cell_pointer.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <array>
#include <typeinfo>

namespace understudy::detail {

/// Threads: any.
class NameTable {
 public:
  NameTable() = default;
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;
  ~NameTable() { clear(); }
  /// Forgets all names. Not while anybody looks for one.
  void clear() noexcept;

  /// `name` stands for `cell` from now on. Fails with `already_installed` while it stands for another that runs, and
  /// with `invalid_argument` if it was ever used with another message type.
  Result<void> add(std::string_view name, std::uint64_t hash, const std::type_info& message, CellPointer cell);
  /// Fails with `not_installed`, `invalid_argument` (another message type) or `actor_stopped`.
  [[nodiscard]] Result<CellPointer> find(std::string_view name, std::uint64_t hash,
                                         const std::type_info& message) const;

 private:
  struct Entry {
    std::string name;
    std::uint64_t hash;
    const std::type_info* message;
    CellPointer cell;
    const Entry* next;  // Older.
  };
  using Bucket = Atomic<const Entry*>;
  [[nodiscard]] static const Entry* newest(const Bucket& bucket, std::string_view name, std::uint64_t hash) noexcept;

  ThreadMutex adding_;
  // Each the newest of a list; stored (release) when the entry is complete, read by who looks (acquire).
  std::array<Bucket, 64> buckets_{};
};

}  // namespace understudy::detail
