// One file of a simulated disk: what the disk has, what reads see, and the changes in between.
//
// All that is drawn comes from the Random that is passed in. No locks: the disk's holds.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/random.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace understudy::simulation {

inline constexpr std::uint64_t sector_bytes = 512;

/// A change to a file that has not been flushed: bytes that were written at an offset, or, where `is_resize`, a new
/// length, shorter or longer.
struct FileChange {
  std::uint64_t offset = 0;
  Bytes bytes;
  bool is_resize = false;

  [[nodiscard]] std::uint64_t end() const noexcept { return offset + bytes.size(); }
  void apply_to(Bytes& content) const;
};

/// A part of a file.
struct FileRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class DiskFile {
 public:
  DiskFile() = default;
  /// All of it flushed.
  explicit DiskFile(BytesView content) : cached_(content), saved_(content) {}

  /// What reads see.
  [[nodiscard]] const Bytes& cached() const noexcept { return cached_; }
  /// What a power loss leaves for sure.
  [[nodiscard]] const Bytes& saved() const noexcept { return saved_; }

  /// Changes what reads see; the disk has it after a flush, or by chance.
  void write(std::uint64_t offset, BytesView bytes);
  void resize(std::uint64_t bytes);

  /// The disk has it all.
  void flush();
  /// The disk has some of it, and nobody will write the rest any more, though reads show it.
  void fail_flush(Random& random, DiskFaultCounts& counts);
  /// The power fails: the disk has some of it, and reads show that.
  void lose_power(Random& random, DiskFaultCounts& counts);
  /// Reads show what the disk has, and what is yet to be written to it.
  void drop_cache();

  /// A sector of which something waits to be flushed, as far as the file goes; empty if none does.
  [[nodiscard]] FileRange draw_unflushed(Random& random) const;
  /// The disk has these bytes there, whatever was written; reads do not show it yet. The file must be as long.
  void damage(std::uint64_t offset, BytesView bytes, DiskDamage::Kind kind);
  /// A sector of what the disk has, drawn, is flipped in one bit, zeroed, or filled with garbage. False: it was so
  /// before.
  bool rot(Random& random);
  /// On the disk and in the cache.
  void flip_bit(std::uint64_t offset, unsigned bit);
  [[nodiscard]] const std::vector<DiskDamage>& damages() const noexcept { return damages_; }

 private:
  [[nodiscard]] Bytes torn(Random& random, DiskFaultCounts& counts) const;
  [[nodiscard]] std::vector<FileRange> touched_sectors() const;

  Bytes cached_;
  Bytes saved_;
  std::vector<FileChange> unflushed_;  // In order.
  std::vector<DiskDamage> damages_;    // Without the file's name, which is the directory's business.
};

}  // namespace understudy::simulation
