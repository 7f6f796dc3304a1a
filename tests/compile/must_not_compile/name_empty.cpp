// expect: constant expression|constant-evaluated|call to consteval
#include "understudy/actor/name.hpp"

inline constexpr understudy::Name<int> nobody{""};
