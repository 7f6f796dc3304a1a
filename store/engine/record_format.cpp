#include "engine/record_format.hpp"

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace understudy::store {
namespace {

constexpr std::size_t length_bytes = 4;

std::array<char, length_bytes> encode_length(std::size_t length) noexcept {
  std::array<char, length_bytes> bytes{};
  for (std::size_t i = 0; i < length_bytes; ++i) bytes[i] = static_cast<char>((length >> (8U * i)) & 0xFFU);
  return bytes;
}

std::size_t decode_length(BytesView bytes) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8U * i);
  }
  return length;
}

}  // namespace

void ChangeList::set(BytesView key, BytesView value) {
  const auto length = encode_length(key.size());
  add(set_record, BytesView(length.data(), length.size()), key, value);
}

void ChangeList::erase(BytesView key) { add(erase_record, key); }

void ChangeList::clear() { add(clear_record); }

Result<Change> decode_record(const Record& record) {
  const BytesView payload = record.payload;
  switch (record.kind) {
    case set_record: {
      if (payload.size() < length_bytes || decode_length(payload) > payload.size() - length_bytes) {
        return failure(ErrorCode::data_damaged,
                       fmt::format("record {} is whole, but its key is longer than it is", record.lsn));
      }
      const std::size_t key_bytes = decode_length(payload);
      return Change{.key = payload.substr(length_bytes, key_bytes), .value = payload.substr(length_bytes + key_bytes)};
    }
    case erase_record:
      return Change{.key = payload, .value = std::nullopt};
    case clear_record:
      return Change{};
  }
  return failure(ErrorCode::data_damaged,
                 fmt::format("record {} is whole, but of kind {}, which this version does not know", record.lsn,
                             static_cast<unsigned>(record.kind)));
}

Result<void> check_record(const Record& record) {
  const Result<Change> change = decode_record(record);
  if (!change) return std::unexpected(change.error());
  return {};
}

Result<void> apply_record(const Record& record, KeySpace& keys) {
  const Result<Change> change = decode_record(record);
  if (!change) return std::unexpected(change.error());
  if (change->value) {
    keys.set(*change->key, Bytes(*change->value));
  } else if (change->key) {
    keys.erase(*change->key);
  } else {
    keys.clear();
  }
  return {};
}

}  // namespace understudy::store
