// Commands on a part of a value.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/value_size.hpp"
#include "understudy/actor/long_copy.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace understudy::server {
namespace {

/// A place in a value: negative numbers count from its end, and what is before its beginning means its beginning.
std::size_t place_in(std::int64_t number, std::size_t length) noexcept {
  if (number >= 0) return static_cast<std::size_t>(number);
  const std::size_t from_end = std::size_t{0} - static_cast<std::size_t>(number);
  return from_end > length ? 0 : length - from_end;
}

}  // namespace

void getrange(DataCall& call) {
  const std::optional<std::int64_t> first = parse_integer(call.arguments[2]);
  const std::optional<std::int64_t> last = parse_integer(call.arguments[3]);
  if (!first || !last) {
    call.reply.error(not_an_integer);
    return;
  }
  const BytesView value = call.store.get(call.arguments[1]).value_or(BytesView());
  const std::size_t begin = place_in(*first, value.size());
  const std::size_t end = std::min(place_in(*last, value.size()), value.size() - 1);
  // Two ends before the beginning mean the first byte, if they are in order.
  const bool reversed = *first < 0 && *last < 0 && *first > *last;
  call.reply.bulk(value.empty() || reversed || begin > end ? BytesView() : value.substr(begin, end - begin + 1));
}

void setrange(DataCall& call) {
  const std::optional<std::int64_t> offset = parse_integer(call.arguments[2]);
  if (!offset || *offset < 0) {
    call.reply.error(offset ? "ERR offset is out of range" : not_an_integer);
    return;
  }
  const BytesView key = call.arguments[1];
  const BytesView part = call.arguments[3];
  const BytesView before = call.store.get(key).value_or(BytesView());
  if (part.empty()) {  // Nothing is changed, nor made.
    call.reply.integer(static_cast<std::int64_t>(before.size()));
    return;
  }
  const auto begin = static_cast<std::size_t>(*offset);
  const std::size_t end = begin + part.size();  // Below 2^64: a number below 2^63, and a size.
  const std::size_t length = std::max(end, before.size());
  if (!check_size(call, key, length)) return;
  Bytes value;
  value.reserve(length);
  append_long(value, before.substr(0, begin));
  append_zeros(value, begin - value.size());
  append_long(value, part);
  if (end < before.size()) append_long(value, before.substr(end));
  call.store.set(key, value, call.store.expiry(key));
  call.reply.integer(static_cast<std::int64_t>(length));
}

}  // namespace understudy::server
