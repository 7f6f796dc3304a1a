#include "understudy/base/random.hpp"

#include <random>

namespace understudy {

std::unique_ptr<Random> make_system_random() {
  std::random_device device;
  const std::uint64_t high = device();
  return std::make_unique<SeededRandom>((high << 32U) | device());
}

}  // namespace understudy
