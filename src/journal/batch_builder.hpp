// The open batch: records in memory, laid out as they will be written, so that a commit is one write without a copy.
#pragma once

#include "journal/record_codec.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"

#include <cstddef>
#include <cstdint>

namespace understudy::journal {

class BatchBuilder {
 public:
  BatchBuilder();

  /// Adds a record. Errors: invalid_argument past payload_bytes_max or batch_bytes_max; the batch is as before.
  [[nodiscard]] Result<void> add(RecordKind kind, BytesView payload);

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  /// Size of the whole batch as `finish` gives it.
  [[nodiscard]] std::size_t bytes() const noexcept { return buffer_.size(); }

  /// Writes the header before the records, and gives the whole batch: valid until the next call of `add` or `clear`.
  /// Takes the header's LSNs and previous checksum; sets its other fields.
  [[nodiscard]] BytesView finish(BatchHeader& header, std::uint64_t seed) noexcept;

  /// Empty again, for the next batch.
  void clear();

 private:
  // Kept between batches, for fresh memory is dear; but not more than this.
  static constexpr std::size_t kept_bytes_max = std::size_t{4} << 20U;

  Bytes buffer_;  // room for the header, then the records
  std::uint32_t count_ = 0;
};

}  // namespace understudy::journal
