#include "understudy/actor/broadcaster.hpp"

struct News {
  int number;
};

void tell(const understudy::Broadcaster<News>& all);
