#include "understudy/journal/durability.hpp"

#include <array>
#include <string>

namespace understudy {

std::string_view name_of(Durability durability) noexcept {
  switch (durability) {
    case Durability::always:
      return "always";
    case Durability::interval:
      return "interval";
    case Durability::none:
      return "none";
  }
  return "unknown";
}

Result<Durability> parse_durability(std::string_view name) {
  for (const Durability durability : std::array{Durability::always, Durability::interval, Durability::none}) {
    if (name == name_of(durability)) return durability;
  }
  return failure(ErrorCode::invalid_argument,
                 "'" + std::string(name) + "' is not a durability: say always, interval or none");
}

}  // namespace understudy
