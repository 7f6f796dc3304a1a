#include "understudy/actor/long_copy.hpp"

#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/thread_state.hpp"

#include <algorithm>

namespace understudy::detail {
namespace {

/// `take(begin, count)` for each piece of `size` bytes.
template <typename Take>
void in_pieces(std::size_t size, Take take) {
  const ThreadState& thread = this_thread();
  const bool in_actor = thread.current != nullptr && thread.current->cell() != nullptr;
  for (std::size_t begin = 0; begin < size; begin += bytes_between_beats) {
    take(begin, std::min(size - begin, bytes_between_beats));
    if (in_actor) beat();
  }
}

}  // namespace

void copy_in_pieces(char* to, BytesView from) {
  in_pieces(from.size(), [&](std::size_t begin, std::size_t count) { from.copy(to + begin, count, begin); });
}

void append_in_pieces(Bytes& to, BytesView from) {
  // Grown by hand: the string would copy all it holds in silence, now or with the next few bytes.
  constexpr std::size_t room_behind = 4096;
  if (to.size() + from.size() > to.capacity()) {
    Bytes larger;
    larger.reserve(std::max(to.size() + from.size() + room_behind, to.capacity() + to.capacity() / 2));
    in_pieces(to.size(), [&](std::size_t begin, std::size_t count) { larger.append(to, begin, count); });
    to.swap(larger);
  }
  in_pieces(from.size(), [&](std::size_t begin, std::size_t count) { to.append(from, begin, count); });
}

void append_zeros_in_pieces(Bytes& to, std::size_t count) {
  in_pieces(count, [&to](std::size_t /*begin*/, std::size_t piece) { to.append(piece, '\0'); });
}

}  // namespace understudy::detail
