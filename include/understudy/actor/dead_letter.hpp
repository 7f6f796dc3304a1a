// Dead letters: messages that no actor will handle and that nobody waits for. Counted for ever, the latest kept.
#pragma once

#include "understudy/base/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

/// A tell whose actor stopped before handling it. (A request gets its error instead: it is no dead letter.)
struct DeadLetter {
  std::string actor;    ///< The path of the actor it was sent to.
  std::string message;  ///< The type of the message.
  Error reason;         ///< Why it was not handled.
};

struct DeadLetters {
  std::uint64_t count = 0;         ///< All, since the system started.
  std::vector<DeadLetter> latest;  ///< At most 64, oldest first.
};

}  // namespace understudy
