// Name<M>: the name of an actor that takes messages of type M, known when the program is compiled.
//
//     inline constexpr us::Name<Add> counter{"counter"};      // in a header, next to Add
//     system.spawn_as(counter, counter_actor);                // or us::register_as(counter, address)
//     us::Result<us::Address<Add>> found = us::find(counter); // anywhere: see registry.hpp
//
// A name stands for an address, and so for all incarnations of its actor. That the actor takes M is checked by the
// compiler where it is registered and where it is used; that two Names of one text have one type, when they are used.
#pragma once

#include "understudy/actor/message.hpp"

#include <cstdint>
#include <string_view>

namespace understudy {

/// Threads: any. Made when the program is compiled, from a text of at least one character.
template <Message M>
class Name {
 public:
  using message_type = M;

  consteval explicit Name(const char* text) : text_(text), hash_(hash_of(text_)) {
    if (text_.empty()) throw "a name has at least one character";
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  [[nodiscard]] constexpr std::uint64_t hash() const noexcept { return hash_; }

 private:
  /// FNV-1a.
  static constexpr std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100'0000'01B3U;
    return hash;
  }

  std::string_view text_;
  std::uint64_t hash_;
};

}  // namespace understudy
