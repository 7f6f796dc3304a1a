// The recorder, where its writer is gone: whoever waits is told so.
#include "understudy/durable/recorder.hpp"

#include "understudy/runtime/sleep.hpp"
#include "unit/durable/notebook.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct WriteWithoutWriter {
  bool by_waiting = false;  // Else by a completion.
  Reply<std::optional<Error>> reply;
};

std::optional<Error> error_of(const Result<void>& outcome) {
  return outcome ? std::nullopt : std::optional(outcome.error());
}

/// Its writer has stopped, and it has not heard of that.
Task<> owner(Mailbox<WriteWithoutWriter>& inbox, std::shared_ptr<SharedJournal> journal) {
  Result<OpenedJournal> opened = co_await open_journal(journal, [](const Record&) { return Result<void>(); });
  if (!opened) throw std::runtime_error("no journal");
  opened->writer.stop();
  while (!opened->writer.stopped()) co_await sleep(std::chrono::milliseconds(1));
  Recorder recorder(journal, opened->writer, {}, opened->found.last_lsn);
  while (auto message = co_await inbox.receive()) {
    recorder.add(RecordKind{1}, "x");
    if (message->by_waiting) {
      const Result<void> outcome = co_await recorder.send_and_wait();
      message->reply(error_of(outcome));
      continue;
    }
    recorder.when_safe(
        [reply = std::move(message->reply)](const Result<void>& outcome) mutable { reply(error_of(outcome)); });
    co_await recorder.send();
  }
}

TEST(Recorder, WhoWaitsForABatchThatItsWriterDoesNotTakeIsToldOfACrash) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SimulatedDisk disk(seed);
    SimulatedSystem simulation(seed);
    Supervisor supervisor(simulation.system());
    const auto journal = std::make_shared<SharedJournal>(DurableOptions{}, disk.attach(), simulation.system().clock());
    const auto actor = simulation.system().spawn("owner", owner, {}, journal);
    const Result<std::optional<Error>> told = wait(simulation.system(), actor.ask<WriteWithoutWriter>(seed % 2 == 0));
    ASSERT_TRUE(told) << told.error().message();
    ASSERT_TRUE(*told);
    EXPECT_EQ(**told, ErrorCode::actor_crashed);
    EXPECT_NE((*told)->message().find("crashed before this was known to be safe"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace understudy::test
