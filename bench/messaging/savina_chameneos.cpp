// Savina's chameneos: creatures of three colours meet in pairs at a mall, `count` times in all, and change their
// colours.
#include "workloads.hpp"

namespace bench {
namespace {

using Colour = std::uint32_t;  // 0, 1, 2
using Place = std::uint32_t;

struct Arrive {  // To the mall.
  Place creature;
  Colour colour;
};
struct Meet {  // From the mall to the one that waited: who has come.
  Place partner;
  Colour colour;
};
struct Change {  // From the one that waited to the one that came.
  Colour colour;
};
struct Fade {};  // From the mall: there are no meetings left.
using CreatureMessage = std::variant<Meet, Change, Fade>;

struct World {
  us::Address<Arrive> mall;
  std::vector<us::Address<CreatureMessage>> creatures;
  us::Address<CollectorMessage> result;
};

/// The colour that is neither, or the same if both are.
Colour complement(Colour a, Colour b) { return a == b ? a : 3 - a - b; }

us::Task<> mall(us::Mailbox<Arrive>& inbox, std::uint64_t meetings, const World* world) {
  std::optional<Place> waiting;
  while (auto arrival = co_await inbox.receive()) {
    const us::Address<CreatureMessage>& creature = world->creatures[arrival->creature];
    if (meetings == 0) {
      static_cast<void>(co_await creature.tell<Fade>());
    } else if (!waiting) {
      waiting = arrival->creature;
    } else {
      --meetings;
      const us::Address<CreatureMessage>& partner = world->creatures[*waiting];
      waiting.reset();
      static_cast<void>(co_await partner.tell<Meet>(arrival->creature, arrival->colour));
    }
  }
}

us::Task<> creature(us::Mailbox<CreatureMessage>& inbox, Place self, const World* world) {
  Colour colour = self % 3;
  std::int64_t meetings = 0;
  while (auto message = co_await inbox.receive()) {
    if (std::holds_alternative<Fade>(*message)) break;
    if (const auto* meet = std::get_if<Meet>(&*message)) {
      colour = complement(colour, meet->colour);
      static_cast<void>(co_await world->creatures[meet->partner].tell<Change>(colour));
    } else {
      colour = std::get<Change>(*message).colour;
    }
    ++meetings;
    static_cast<void>(co_await world->mall.tell<Arrive>(self, colour));
  }
  static_cast<void>(co_await world->result.tell<Done>(meetings));
}

}  // namespace

Outcome run_chameneos(const Options& options) {
  World world;
  us::System system({.workers = options.workers});
  const auto capacity = static_cast<std::uint32_t>(options.size) + 1;  // None ever waits for room.
  world.result = system.spawn("result", collector, {}, options.size);
  world.mall = system.spawn("mall", mall, {.capacity = capacity}, options.count, &world);
  for (std::uint64_t i = 0; i < options.size; ++i) {
    world.creatures.push_back(system.spawn("creature", creature, {}, static_cast<Place>(i), &world));
  }
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < options.size; ++i) {
    static_cast<void>(world.mall.try_tell(Arrive{static_cast<Place>(i), static_cast<Colour>(i % 3)}));
  }
  const us::Result<std::int64_t> met = us::wait(system, world.result.ask<Total>());
  return outcome_of(options.count, watch, met, static_cast<std::int64_t>(options.count * 2));
}

}  // namespace bench
