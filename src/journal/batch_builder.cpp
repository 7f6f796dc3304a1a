#include "journal/batch_builder.hpp"

#include "journal/checksum.hpp"

#include <span>
#include <string>

namespace understudy::journal {

BatchBuilder::BatchBuilder() { clear(); }

Result<void> BatchBuilder::add(RecordKind kind, BytesView payload) {
  if (payload.size() > payload_bytes_max) {
    return failure(ErrorCode::invalid_argument, "a record's payload of " + std::to_string(payload.size()) +
                                                    " bytes is more than the " + std::to_string(payload_bytes_max) +
                                                    " that a journal takes");
  }
  const std::size_t body_bytes = buffer_.size() - batch_layout::header_bytes;
  if (payload.size() + record_layout::header_bytes > batch_bytes_max - body_bytes) {
    return failure(ErrorCode::invalid_argument, "the record would take its batch past " +
                                                    std::to_string(batch_bytes_max) +
                                                    " bytes: commit before adding more");
  }
  append_record(buffer_, kind, payload);
  ++count_;
  return {};
}

BytesView BatchBuilder::finish(BatchHeader& header, std::uint64_t seed) noexcept {
  const BytesView body = BytesView(buffer_).substr(batch_layout::header_bytes);
  header.count = count_;
  header.body_bytes = body.size();
  header.body_checksum = checksum(body, seed);
  encode(header, seed, std::span<char, batch_layout::header_bytes>(buffer_.data(), batch_layout::header_bytes));
  return buffer_;
}

void BatchBuilder::clear() {
  if (buffer_.capacity() > kept_bytes_max) buffer_ = Bytes();
  buffer_.assign(batch_layout::header_bytes, '\0');
  count_ = 0;
}

}  // namespace understudy::journal
