#include "understudy/actor/registry.hpp"

struct Add {
  int value;
};
inline constexpr understudy::Name<Add> counter{"counter"};

understudy::Result<understudy::Address<Add>> use() { return understudy::find(counter); }
