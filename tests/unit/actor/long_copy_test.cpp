// Attacks: a long copy is a copy, wherever its pieces end, in an actor and outside of one.
#include "understudy/actor/long_copy.hpp"

#include "support/runtimes.hpp"
#include "understudy/actor/spawn.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

Bytes pattern(std::size_t count) {
  Bytes bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

bool copies_well() {
  bool good = true;
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}, bytes_between_beats, 2 * bytes_between_beats + 7}) {
    const Bytes from = pattern(bytes_between_beats + more);
    Bytes to(from.size(), 'x');
    copy_long(to.data(), from);
    good = good && to == from;
    Bytes longer = pattern(bytes_between_beats + 3);
    const Bytes before = longer;
    append_long(longer, from);
    good = good && longer == before + from;
    // What comes behind does not move it.
    const char* const place = longer.data();
    longer.append("\r\n");
    append_long(longer, "a few more");
    good = good && longer == before + from + "\r\na few more" && longer.data() == place;
  }
  for (const std::size_t count : {std::size_t{0}, std::size_t{7}, 2 * bytes_between_beats + 7}) {
    Bytes zeros = "x";
    zeros.reserve(1 + count);
    append_zeros(zeros, count);
    good = good && zeros == "x" + Bytes(count, '\0');
  }
  Bytes none;
  append_long(none, "");
  return good && none.empty();
}

TEST(LongCopy, OutsideOfActors) { EXPECT_TRUE(copies_well()); }

struct Copy {
  Reply<bool> reply;
};

Task<> copier(Mailbox<Copy>& inbox) {
  while (auto copy = co_await inbox.receive()) copy->reply(copies_well());
}

TEST(LongCopy, InAnActor) {
  System system({.workers = 1});
  const Address<Copy> actor = system.spawn("copier", copier);
  EXPECT_TRUE(wait(system, actor.ask<Copy>()).value_or(false));
}

}  // namespace
}  // namespace understudy::test
