// For the tests of the writer, the snapshotter and the recorder: an actor that owns a journal of lines, as the store
// owns one of keys.
#pragma once

#include "support/quiet.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/durable/recorder.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {

using Lines = std::vector<std::string>;

/// Adds a line. Answered when it is as safe as that.
struct Write {
  std::string line;
  Durability durability;
  Reply<void> reply;
};
/// All lines, safe or not.
struct ReadAll {
  Reply<Lines> reply;
};
/// Whether there is room.
struct HasRoom {
  Reply<bool> reply;
};
/// Has a snapshot made of all lines.
struct Save {
  Reply<SnapshotReport> reply;
};
using NotebookMessage = std::variant<Write, ReadAll, HasRoom, Save>;

inline Task<> notebook(Mailbox<NotebookMessage>& inbox, std::shared_ptr<SharedJournal> journal) {
  const auto lines = std::make_shared<Lines>();
  ReplayFunction apply = [lines](const Record& record) -> Result<void> {
    lines->emplace_back(record.payload);
    return {};
  };
  Result<OpenedJournal> opened = co_await open_journal(journal, std::move(apply));
  if (!opened) throw std::runtime_error(std::string(opened.error().message()));
  const auto snapshots =
      spawn_child("snapshotter", snapshotter, snapshotter_options(), journal, opened->writer, SnapshotterSetUp{});
  Recorder recorder(journal, opened->writer, snapshots, opened->found.last_lsn);
  while (auto message = co_await inbox.receive()) {
    bool save = false;
    Reply<SnapshotReport> saved;
    for (std::optional<NotebookMessage> next = std::move(message); next && !save;
         next = save ? std::nullopt : inbox.try_receive()) {
      if (auto* write = std::get_if<Write>(&*next)) {
        lines->push_back(write->line);
        const Lsn lsn = recorder.add(write->durability, RecordKind{1}, write->line);
        EXPECT_EQ(lsn, recorder.last_lsn());
        recorder.when_safe(
            [reply = std::move(write->reply)](const Result<void>& outcome) mutable { reply.complete(outcome); });
      } else if (auto* read = std::get_if<ReadAll>(&*next)) {
        read->reply(*lines);
      } else if (auto* room = std::get_if<HasRoom>(&*next)) {
        room->reply(recorder.room().has_value());
      } else {
        save = true;
        saved = std::move(std::get<Save>(*next).reply);
      }
    }
    co_await recorder.send();
    if (save) {
      auto state = std::make_shared<RecordList>();
      for (const std::string& line : *lines) state->add(RecordKind{1}, line);
      recorder.save_state(std::move(state), std::move(saved));
    }
  }
}

/// A notebook on a simulated disk that outlives it.
struct Life {
  Life(SimulatedDisk& disk, std::uint64_t seed, DurableOptions options = {})
      : simulation(seed),
        supervisor(simulation.system()),
        journal(std::make_shared<SharedJournal>(std::move(options), disk.attach(), simulation.system().clock())),
        address(simulation.system().spawn("notebook", notebook, {.capacity = 100}, journal)) {}
  System& system() { return simulation.system(); }
  Result<void> write(const std::string& line, Durability durability = Durability::always) {
    return wait(system(), address.ask<Write>(line, durability));
  }
  Lines read() { return wait(system(), address.ask<ReadAll>()).value_or(Lines{"unreadable"}); }
  Result<SnapshotReport> save() { return wait(system(), address.ask<Save>()); }

  SimulatedSystem simulation;
  Supervisor supervisor;
  std::shared_ptr<SharedJournal> journal;
  Address<NotebookMessage> address;
};

}  // namespace understudy::test
