// Copies of any length, in an actor that must not be taken for one that is stuck: fresh memory comes page by page, and
// half a gigabyte of it takes longer than an actor may hold its thread in silence. So long ones beat as they go.
//
// Threads: any; outside of actors they are plain copies.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>

namespace understudy {

/// What is copied between two beats.
inline constexpr std::size_t bytes_between_beats = std::size_t{4} << 20U;

namespace detail {
void copy_in_pieces(char* to, BytesView from);
void append_in_pieces(Bytes& to, BytesView from);
void append_zeros_in_pieces(Bytes& to, std::size_t count);
}  // namespace detail

/// Copies `from` to `to`, which has room for it.
inline void copy_long(char* to, BytesView from) {
  if (from.size() > bytes_between_beats) return detail::copy_in_pieces(to, from);
  from.copy(to, from.size());
}

/// Appends `from` to `to`; it must not be part of it. Leaves room for some bytes behind a long one, such as a line end.
inline void append_long(Bytes& to, BytesView from) {
  const std::size_t moved = to.size() + from.size() > to.capacity() ? to.size() : 0;
  if (from.size() > bytes_between_beats || moved > bytes_between_beats) return detail::append_in_pieces(to, from);
  to.append(from);
}

/// Appends `count` zero bytes to `to`, which has room for them.
inline void append_zeros(Bytes& to, std::size_t count) {
  if (count > bytes_between_beats) return detail::append_zeros_in_pieces(to, count);
  to.append(count, '\0');
}

}  // namespace understudy
