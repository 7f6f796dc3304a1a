// UnsafeKeys against its definition: a key is unsafe if a batch above the safe one changed it.
#include "engine/unsafe_keys.hpp"

#include "understudy/base/random.hpp"

#include <map>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

TEST(UnsafeKeys, AgreesWithItsDefinition) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    UnsafeKeys unsafe;
    std::map<Bytes, std::uint64_t> last_change;
    std::uint64_t last_clear = 0;
    std::uint64_t batch = 1;
    std::uint64_t safe = 0;
    for (int i = 0; i < 1000; ++i) {
      const Bytes key(1, static_cast<char>('a' + random.below(8)));
      switch (random.below(12)) {
        case 0:
          unsafe.note_all(batch);
          last_clear = batch;
          break;
        case 1:
        case 2:
          safe += random.below(batch - safe);  // The batch that is being filled is never safe.
          unsafe.forget_up_to(safe);
          break;
        case 3:
        case 4:
          ++batch;
          break;
        default:
          unsafe.note(key, batch);
          last_change[key] = batch;
      }
      bool any = last_clear > safe;
      for (const auto& [changed, number] : last_change) any = any || number > safe;
      ASSERT_EQ(unsafe.any(), any);
      ASSERT_EQ(unsafe.is_unsafe(key), last_clear > safe || last_change[key] > safe);
    }
  }
}

}  // namespace
}  // namespace understudy::store
