// Operation: any function over a transaction, or work that exists already, which is shared; what it holds ends once,
// and with its answer.
#include "understudy/store/operation.hpp"

#include "support/counted.hpp"
#include "support/store_life.hpp"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using test::Census;
using test::Counted;

void set_one(Transaction& keys) { keys.set("one", "1"); }

TEST(Operation, IsAnyFunctionOverATransaction) {
  SimulatedDisk disk(1);
  StoreLife life(disk, 1);
  EXPECT_TRUE(life.operate(set_one));
  EXPECT_EQ(life.get("one"), "1");
  EXPECT_TRUE(life.operate([held = std::make_unique<std::string>("2")](Transaction& keys) { keys.set("two", *held); }));
  EXPECT_EQ(life.get("two"), "2");
}

TEST(Operation, EndsWhatItHoldsOnce) {
  const Census census;
  const auto hold = [&census] { return [held = Counted(census)](Transaction& /*keys*/) {}; };
  {
    Operation first = hold();
    Operation second = hold();
    EXPECT_EQ(census.living(), 2);
    first = std::move(second);
    EXPECT_EQ(census.living(), 1);
    first.reset();
    EXPECT_EQ(census.living(), 0);
    first = hold();
  }
  EXPECT_EQ(census.living(), 0);
}

TEST(Operation, EndsWhatItHoldsByItsAnswer) {
  const Census census;
  SimulatedDisk disk(1);
  StoreLife life(disk, 1);
  EXPECT_TRUE(life.operate([held = Counted(census)](Transaction& keys) { keys.set("key", "value"); }));
  EXPECT_EQ(census.living(), 0) << "a change, answered once it is safe";
  EXPECT_TRUE(life.operate([held = Counted(census)](Transaction& keys) { static_cast<void>(keys.get("key")); }));
  EXPECT_EQ(census.living(), 0) << "a read, answered where it stands";
  EXPECT_EQ(census.made(), 2);
}

TEST(Operation, SharesWorkThatIsThere) {
  class Count final : public Operation::Work {
   public:
    void run(Transaction& keys) override { keys.set("runs", std::to_string(++runs)); }
    int runs = 0;
  };
  SimulatedDisk disk(1);
  StoreLife life(disk, 1);
  const auto count = std::make_shared<Count>();
  for (int runs = 1; runs <= 2; ++runs) {
    EXPECT_TRUE(life.operate(Operation(count)));
    EXPECT_EQ(life.get("runs"), std::to_string(runs));
  }
  EXPECT_EQ(count->runs, 2);
  EXPECT_EQ(count.use_count(), 1);
}

}  // namespace
}  // namespace understudy::store
