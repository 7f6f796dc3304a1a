#include "engine/snapshot_pieces.hpp"

#include "engine/record_format.hpp"

#include <memory>
#include <utility>

namespace understudy::store {
namespace {

/// What one operation reads at most, give or take a part of the map.
constexpr std::size_t piece_keys = 512;
constexpr std::size_t piece_bytes = std::size_t{256} << 10U;

/// A part of the map.
struct Part {
  ChangeList keys;
  std::uint64_t next = 0;
};

Task<Result<std::shared_ptr<SnapshotPiece>>> read_piece(Address<KeyValueMessage> key_value, std::uint64_t from) {
  auto part = std::make_shared<Part>();
  part->next = from;
  Operation read = [part](Transaction& map) {
    do {
      part->next =
          map.scan(part->next, 1, [&](const KeyView& each) { part->keys.set(each.key, each.value, each.expires_at); });
    } while (part->next != 0 && part->keys.count() < piece_keys && part->keys.bytes() < piece_bytes);
  };
  const Result<void> done = co_await key_value.ask<Operate>(std::move(read));
  if (!done) co_return std::unexpected(done.error());
  auto piece = std::make_shared<SnapshotPiece>();
  piece->records = std::move(part->keys);
  piece->next = part->next;
  co_return piece;
}

}  // namespace

ReadPiece pieces_of(Address<KeyValueMessage> key_value) {
  return [key_value = std::move(key_value)](std::uint64_t from) { return read_piece(key_value, from); };
}

}  // namespace understudy::store
