#include "understudy/actor/name.hpp"

inline constexpr understudy::Name<int> nobody{"somebody"};
