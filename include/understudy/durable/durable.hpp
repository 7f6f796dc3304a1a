// Durable<State>: the state of an actor that comes back, with all that was promised, after a crash, a kill, a power
// loss.
//
// By events: the state says which there are, and how each changes it.
//
//     struct Deposited {
//       static constexpr us::RecordKind kind{1};            // Its number in the journal, for ever.
//       std::int64_t cents = 0;
//       void fields(auto& field) { field(cents); }          // See fields.hpp, also for versions.
//     };
//     struct Account {
//       using Event = std::variant<Deposited, Withdrawn>;   // Or a single one.
//       std::int64_t cents = 0;
//       void apply(const Deposited& event) { cents += event.cents; }
//       void apply(const Withdrawn& event) { cents -= event.cents; }
//       void fields(auto& field) { field(cents); }          // For snapshots; without it the journal only grows.
//     };
//
//     us::Task<> account(us::Mailbox<Deposit>& inbox, us::Durable<Account>& account) {
//       while (auto deposit = co_await inbox.receive()) {
//         account.record(Deposited{deposit->cents});
//         co_await account.reply_when_safe(deposit->reply, account->cents);
//       }
//     }
//     auto address = system.spawn("account", us::durable(account, {.directory = "account"}));
//
// By state: a State with `fields` and without events is recorded whole at each change; for small ones.
//
//     settings.change([&](Settings& all) { all.theme = "dark"; });
//
// An operation is what is recorded up to the next of reply_when_safe, safe and send: after a crash all of it is there,
// or none. It must come to one of these before the actor waits for its next message. What is recorded changes the state
// at once; `apply` must depend on nothing but state and event, and not throw.
//
// Replies. Until an operation is safe a crash may take it back; so whatever is told of the state to others, readers
// too, is told by reply_when_safe, or after safe(). The actor does not wait for the disk meanwhile: it takes up the
// next message, and what several operations wait for is flushed at once.
//
// Recovery: before the function is called, at each incarnation, the newest snapshot and the journal after it are read
// back. A failed write is an error for all that wait for it, and the end of this incarnation. Data that cannot be read
// (damage; events of a newer version or an unknown kind) changes nothing on the disk; see durable_actor.hpp for what
// the actor does then.
//
// Full disk: an operation is refused as it begins, with storage_full: record gives the error and changes nothing,
// reply_when_safe answers with it. Reads go on.
//
// Threads: the actor's own, as its mailbox.
#pragma once

#include "understudy/durable/detail/durable_core.hpp"
#include "understudy/durable/detail/schema.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace understudy {

template <DurableState State>
class Durable {
 public:
  /// For durable_actor.hpp.
  Durable(State recovered, detail::Recovered&& from) : state_(std::move(recovered)), core_(std::move(from)) {
    if constexpr (HasFields<State>) {
      core_.set_encode_state([this] { return encoded(); });
    }
  }
  Durable(const Durable&) = delete;
  Durable& operator=(const Durable&) = delete;

  [[nodiscard]] const State& operator*() const noexcept { return state_; }
  [[nodiscard]] const State* operator->() const noexcept { return &state_; }

  /// Records an event, and applies it at once. It is to become as safe as `durability` says, or the options. Fails, and
  /// changes nothing, if the operation is refused: storage_full; the answer says so by itself. An event of more than
  /// payload_bytes_max bytes ends the incarnation.
  template <typename Event>
    requires ChangedByEvents<State> && (detail::EventsOf<typename State::Event>::type::template has<Event>)
  Result<void> record(const Event& event, std::optional<Durability> durability = std::nullopt) {
    if (const Result<void> admitted = core_.begin(); !admitted) return admitted;
    core_.record(Event::kind, detail::encode(event), durability);
    state_.apply(event);
    return {};
  }

  /// Changes the state by `change(State&)`, and records all of it. Otherwise as `record`.
  template <std::invocable<State&> Change>
    requires RecordedWhole<State>
  Result<void> change(Change&& change, std::optional<Durability> durability = std::nullopt) {
    if (const Result<void> admitted = core_.begin(); !admitted) return admitted;
    std::invoke(std::forward<Change>(change), state_);
    core_.record(state_record, detail::encode(state_), durability);
    return {};
  }

  /// Ends the operation: `reply`, which is moved from, is answered with `value` once all that has been recorded so far
  /// is safe, or with the error that kept it from becoming so. At once if it is safe already, and for `none`. The await
  /// waits only while the writer's mailbox is full.
  template <typename T, typename... Value>
    requires std::invocable<Reply<T>&, Value...>
  [[nodiscard]] Task<> reply_when_safe(Reply<T>& reply, Value&&... value) {
    if (const Result<void> admitted = core_.admitted(); !admitted) {
      reply.fail(admitted.error());
    } else if (!core_.is_safe()) {
      core_.when_safe(detail::answer_later<T>(std::move(reply), std::forward<Value>(value)...));
    } else {
      reply(std::forward<Value>(value)...);
    }
    return core_.end();
  }
  /// Ends the operation, and waits until all that has been recorded so far is safe. Then it may be acted upon: others
  /// told, doors opened. Errors: those of `record`; storage_failed: the incarnation is about to end.
  [[nodiscard]] Task<Result<void>> safe() { return core_.safe(); }
  /// Ends the operation, without waiting for it to be safe. Errors: those of `record`.
  [[nodiscard]] Task<Result<void>> send() { return core_.send(); }

  /// Whether all that has been recorded is as safe as was asked for.
  [[nodiscard]] bool is_safe() const noexcept { return core_.is_safe(); }
  /// LSN of the last record. 0 when there is none.
  [[nodiscard]] Lsn last_lsn() const noexcept { return core_.recorder().last_lsn(); }
  /// What this incarnation began with.
  [[nodiscard]] const RecoveryReport& found() const noexcept { return core_.found(); }
  [[nodiscard]] JournalStatistics statistics() const noexcept { return core_.recorder().journal()->statistics(); }

  /// Ends the operation, and has a snapshot taken of the state as it is now; `reply` is answered when it counts. Not
  /// needed for the journal to stay short: see DurableOptions::snapshot_after_bytes. The state becomes bytes in one go,
  /// here; the rest is done in the background.
  [[nodiscard]] Task<> take_snapshot(Reply<SnapshotReport> reply = {})
    requires HasFields<State>
  {
    return core_.take_snapshot(std::move(reply));
  }

  /// For durable_actor.hpp.
  [[nodiscard]] Task<> finish() { return core_.end(); }

 private:
  [[nodiscard]] std::shared_ptr<const RecordList> encoded() const {
    auto state = std::make_shared<RecordList>();
    state->add(state_record, detail::encode(state_));
    return state;
  }

  State state_;
  detail::DurableCore core_;
};

}  // namespace understudy
