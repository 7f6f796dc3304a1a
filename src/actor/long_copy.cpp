#include "understudy/actor/long_copy.hpp"

#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/thread_state.hpp"

#include <algorithm>

namespace understudy::detail {
namespace {

template <typename Take>
void in_pieces(BytesView from, Take take) {
  const ThreadState& thread = this_thread();
  const bool in_actor = thread.current != nullptr && thread.current->cell() != nullptr;
  while (!from.empty()) {
    const BytesView piece = from.substr(0, bytes_between_beats);
    take(piece);
    from.remove_prefix(piece.size());
    if (in_actor) beat();
  }
}

}  // namespace

void copy_in_pieces(char* to, BytesView from) {
  in_pieces(from, [&to](BytesView piece) {
    piece.copy(to, piece.size());
    to += piece.size();
  });
}

void append_in_pieces(Bytes& to, BytesView from) {
  // Grown by hand: the string would copy all it holds in silence, now or with the next few bytes.
  constexpr std::size_t room_behind = 4096;
  if (to.size() + from.size() > to.capacity()) {
    Bytes larger;
    larger.reserve(std::max(to.size() + from.size() + room_behind, to.capacity() + to.capacity() / 2));
    in_pieces(to, [&larger](BytesView piece) { larger.append(piece); });
    to.swap(larger);
  }
  in_pieces(from, [&to](BytesView piece) { to.append(piece); });
}

}  // namespace understudy::detail
