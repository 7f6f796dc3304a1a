// expect: no matching function for call to .*record
#include "understudy/durable/durable_actor.hpp"

namespace us = understudy;

struct Added {
  static constexpr us::RecordKind kind{1};
  int value = 0;
  void fields(auto& field) { field(value); }
};
struct Removed {
  static constexpr us::RecordKind kind{2};
  int value = 0;
  void fields(auto& field) { field(value); }
};
struct Total {
  using Event = Added;
  int value = 0;
  void apply(const Added& event) { value += event.value; }
};
struct Add {
  int value;
  us::Reply<int> reply;
};

us::Task<> total(us::Mailbox<Add>& inbox, us::Durable<Total>& total) {
  while (auto add = co_await inbox.receive()) {
    total.record(Removed{add->value});
    co_await total.reply_when_safe(add->reply, total->value);
  }
}
