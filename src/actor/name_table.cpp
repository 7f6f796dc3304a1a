#include "actor/name_table.hpp"

#include <boost/core/demangle.hpp>
#include <fmt/format.h>

namespace understudy::detail {
namespace {

std::unexpected<Error> two_types(std::string_view name, const std::type_info& registered, const std::type_info& given) {
  return failure(ErrorCode::invalid_argument,
                 fmt::format("\"{}\" is the name of an actor that takes {}, not {}", name,
                             boost::core::demangle(registered.name()), boost::core::demangle(given.name())));
}

}  // namespace

void NameTable::clear() noexcept {
  for (Bucket& bucket : buckets_) {
    const Entry* entry = bucket.exchange(nullptr, std::memory_order_relaxed);
    while (entry != nullptr) delete std::exchange(entry, entry->next);
  }
}

const NameTable::Entry* NameTable::newest(const Bucket& bucket, std::string_view name, std::uint64_t hash) noexcept {
  const Entry* entry = bucket.load(std::memory_order_acquire);
  while (entry != nullptr && (entry->hash != hash || entry->name != name)) entry = entry->next;
  return entry;
}

Result<void> NameTable::add(std::string_view name, std::uint64_t hash, const std::type_info& message,
                            CellPointer cell) {
  const std::lock_guard lock(adding_);
  Bucket& bucket = buckets_.at(hash % buckets_.size());
  const Entry* known = newest(bucket, name, hash);
  if (known != nullptr && *known->message != message) return two_types(name, *known->message, message);
  if (known != nullptr && !known->cell->mailbox().closed()) {
    return failure(ErrorCode::already_installed,
                   fmt::format("\"{}\" is already the name of {}, which runs", name, known->cell->path()));
  }
  const Entry* older = bucket.load(std::memory_order_relaxed);
  bucket.store(
      new Entry{.name = std::string(name), .hash = hash, .message = &message, .cell = std::move(cell), .next = older},
      std::memory_order_release);
  return {};
}

Result<CellPointer> NameTable::find(std::string_view name, std::uint64_t hash, const std::type_info& message) const {
  const Entry* entry = newest(buckets_.at(hash % buckets_.size()), name, hash);
  if (entry == nullptr) {
    return failure(ErrorCode::not_installed, fmt::format("no actor has been registered as \"{}\"", name));
  }
  if (*entry->message != message) return two_types(name, *entry->message, message);
  if (entry->cell->mailbox().closed()) {
    return failure(ErrorCode::actor_stopped,
                   fmt::format("\"{}\" was the name of {}, which has stopped", name, entry->cell->path()));
  }
  return entry->cell;
}

}  // namespace understudy::detail
