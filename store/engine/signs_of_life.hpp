// The signs of life that long operations of the key-value actor give, so that nobody takes them for stuck.
#pragma once

#include "understudy/actor/spawn.hpp"

#include <cstddef>

namespace understudy::store {

/// A long operation is not a stuck one: each key that it comes to is progress. Long values beat as they are copied
/// (actor/long_copy.hpp).
class SignsOfLife {
 public:
  void worked_on_key() {
    if (++keys_ % keys_per_beat == 0) beat();
  }

 private:
  static constexpr std::size_t keys_per_beat = 256;

  std::size_t keys_ = 0;
};

}  // namespace understudy::store
