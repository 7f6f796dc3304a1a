#include "engine/record_format.hpp"

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace understudy::store {
namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t time_bytes = 8;

template <std::size_t Bytes>
struct Number {
  std::array<char, Bytes> digits{};
  explicit Number(std::uint64_t number) noexcept {
    for (std::size_t i = 0; i < Bytes; ++i) digits[i] = static_cast<char>((number >> (8U * i)) & 0xFFU);
  }
  [[nodiscard]] BytesView view() const noexcept { return {digits.data(), Bytes}; }
};
using Length = Number<length_bytes>;

/// None is never.
Number<time_bytes> time_of(std::optional<WallTime> time) noexcept {
  return Number<time_bytes>(time ? static_cast<std::uint64_t>(time->time_since_epoch().count()) : 0);
}

/// Takes a number off the front of `bytes`, which has as many.
std::uint64_t take_number(BytesView& bytes, std::size_t count) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8U * i);
  }
  bytes.remove_prefix(count);
  return number;
}

std::unexpected<Error> damaged(const Record& record, std::string_view what) {
  return failure(ErrorCode::data_damaged, fmt::format("record {} is whole, but {}", record.lsn, what));
}

Result<Change> decode_set(const Record& record, BytesView payload) {
  if (payload.size() < length_bytes) return damaged(record, "its key is longer than it is");
  const std::uint64_t key_bytes = take_number(payload, length_bytes);
  if (key_bytes > payload.size()) return damaged(record, "its key is longer than it is");
  return Change{.key = payload.substr(0, key_bytes), .value = payload.substr(key_bytes), .expires_at = std::nullopt};
}

/// Takes a time off the front of `payload`; none is never.
Result<std::optional<WallTime>> take_time(const Record& record, BytesView& payload) {
  if (payload.size() < time_bytes) return damaged(record, "too short for the time it should begin with");
  const auto milliseconds = static_cast<std::int64_t>(take_number(payload, time_bytes));
  if (milliseconds < 0) return damaged(record, "its time lies before 1970");
  if (milliseconds == 0) return std::optional<WallTime>();
  return std::optional(WallTime(std::chrono::milliseconds(milliseconds)));
}

}  // namespace

void ChangeList::set(BytesView key, BytesView value, std::optional<WallTime> expires_at) {
  if (expires_at) {
    add(set_expiring_record, time_of(expires_at).view(), Length(key.size()).view(), key, value);
  } else {
    add(set_record, Length(key.size()).view(), key, value);
  }
}

void ChangeList::expire(BytesView key, std::optional<WallTime> expires_at) {
  add(expire_record, time_of(expires_at).view(), key);
}

void ChangeList::erase(BytesView key) { add(erase_record, key); }

void ChangeList::clear() { add(clear_record); }

Result<Change> decode_record(const Record& record) {
  BytesView payload = record.payload;
  switch (record.kind) {
    case set_record:
      return decode_set(record, payload);
    case erase_record:
      return Change{.key = payload, .value = std::nullopt, .expires_at = std::nullopt};
    case clear_record:
      return Change{};
    case set_expiring_record: {
      const Result<std::optional<WallTime>> time = take_time(record, payload);
      if (!time) return std::unexpected(time.error());
      if (!*time) return damaged(record, "has no time, which its kind must have");
      Result<Change> change = decode_set(record, payload);
      if (change) change->expires_at = *time;
      return change;
    }
    case expire_record: {
      const Result<std::optional<WallTime>> time = take_time(record, payload);
      if (!time) return std::unexpected(time.error());
      return Change{.key = payload, .value = std::nullopt, .expires_at = *time};
    }
  }
  return damaged(record,
                 fmt::format("of kind {}, which this version does not know", static_cast<unsigned>(record.kind)));
}

Result<void> check_record(const Record& record) {
  const Result<Change> change = decode_record(record);
  if (!change) return std::unexpected(change.error());
  return {};
}

Result<void> apply_record(const Record& record, KeySpace& keys) {
  const Result<Change> change = decode_record(record);
  if (!change) return std::unexpected(change.error());
  switch (record.kind) {
    case set_record:
    case set_expiring_record:
      keys.set(*change->key, *change->value, change->expires_at);
      break;
    case erase_record:
      keys.erase(*change->key);
      break;
    case expire_record:
      keys.expire_at(*change->key, change->expires_at);
      break;
    default:
      keys.clear();
  }
  return {};
}

}  // namespace understudy::store
