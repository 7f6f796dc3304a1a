#include "fault.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t queued = 20;  // Messages that wait behind the one that fails.

/// Where actors that hold their threads are let go again, so that they do not add up.
struct Gate {
  void open() {
    {
      const std::lock_guard lock(mutex);
      is_open.store(true);
    }
    changed.notify_all();
  }
  void block() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return is_open.load(); });
  }
  std::atomic<bool> is_open{false};
  std::mutex mutex;
  std::condition_variable changed;
};

struct Work {
  std::shared_ptr<Gate> fail_at;  // Null: answers.
  std::uint64_t number;
  us::Reply<std::uint64_t> reply;
};

struct Books {
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> out_of_order{0};
  std::atomic<std::uint64_t> handled{0};
};

struct Ask {
  us::Reply<std::uint64_t> reply;
};

/// The one that is asked in turn, and asks back: a circle.
us::Task<> partner(us::Mailbox<Ask>& inbox, us::Address<Work> victim) {
  while (auto ask = co_await inbox.receive()) {
    const us::Result<std::uint64_t> answer = co_await victim.ask<Work>(std::shared_ptr<Gate>(), std::uint64_t{0});
    if (answer) {
      ask->reply(*answer);
    } else {
      ask->reply.fail(answer.error());
    }
  }
}

us::Task<> fail(Kind kind, Gate& gate, us::Mailbox<Work>& inbox) {
  switch (kind) {
    case Kind::crashed:
      throw std::runtime_error("on purpose");
    case Kind::stuck:
      co_await us::sleep(24h);
      break;
    case Kind::deadlock: {
      const us::Address<Ask> other = us::spawn_child("partner", partner, {}, inbox.address());
      const us::Result<std::uint64_t> answer = co_await other.ask<Ask>();
      other.stop();
      if (!answer && answer.error() == us::ErrorCode::deadlock) throw std::runtime_error("in a circle");
      break;
    }
    case Kind::spinning:
      while (!gate.is_open.load(std::memory_order_relaxed)) {
      }
      break;
    case Kind::blocked:
      gate.block();
      break;
  }
}

us::Task<> victim(us::Mailbox<Work>& inbox, Kind kind, std::shared_ptr<Books> books) {
  while (auto work = co_await inbox.receive()) {
    if (work->number != 0) {
      if (books->next.fetch_add(1) + 1 != work->number) ++books->out_of_order;
      ++books->handled;
    }
    if (work->fail_at) co_await fail(kind, *work->fail_at, inbox);
    work->reply(work->number);
  }
}

struct Ping {
  us::Reply<std::uint64_t> reply;
};
us::Task<> neighbour(us::Mailbox<Ping>& inbox) {
  while (auto ping = co_await inbox.receive()) ping->reply(1);
}

/// Asks a neighbour every half millisecond until told to end. What comes late counts from when it should have been
/// asked, so that a hold-up counts for all asks that it delays.
us::Task<> ask_neighbours(const std::vector<us::Address<Ping>>& all, const std::atomic<bool>& end,
                          std::vector<double>& samples) {
  Clock::time_point due = Clock::now();
  for (std::size_t i = 0; !end.load(std::memory_order_relaxed); i = (i + 1) % all.size()) {
    due += 500us;
    const Clock::duration early = due - Clock::now();
    if (early > 0us) co_await us::sleep(early);
    const us::Result<std::uint64_t> answer = co_await all[i].ask<Ping>();
    if (answer) samples.push_back(std::chrono::duration<double, std::micro>(Clock::now() - due).count());
  }
}

us::Task<> expect_crash(us::Address<Work> to, std::shared_ptr<Gate> gate, std::uint64_t number, std::uint64_t& wrong) {
  const us::Result<std::uint64_t> answer = co_await to.ask<Work>(std::move(gate), number);
  if (answer || answer.error() != us::ErrorCode::actor_crashed) ++wrong;
}

}  // namespace

Figures run(const Options& options) {
  us::System system({.workers = 2});
  us::SupervisionOptions supervision;
  supervision.cutoff = options.cutoff;
  supervision.intensity.restarts = options.repetitions + 1;
  supervision.intensity.within = 24h;
  supervision.backoff.next = us::Duration{0};
  const us::Supervisor supervisor(system, supervision);

  const auto books = std::make_shared<Books>();
  const us::Address<Work> actor = system.spawn("victim", victim, {.capacity = 1000}, options.kind, books);
  std::vector<us::Address<Ping>> neighbours;
  for (std::uint32_t i = 0; i < options.neighbours; ++i) neighbours.push_back(system.spawn("neighbour", neighbour));

  Figures figures;
  std::atomic<bool> end = false;
  us::TaskGroup tasks(system);
  tasks.spawn(ask_neighbours(neighbours, end, figures.neighbour_us));
  const bool by_cutoff = options.kind != Kind::crashed && options.kind != Kind::deadlock;
  std::uint64_t number = 0;
  for (std::uint32_t i = 0; i < options.repetitions; ++i) {
    const auto gate = std::make_shared<Gate>();
    us::TaskGroup asker(system);
    const Clock::time_point begin = Clock::now();
    asker.spawn(expect_crash(actor, gate, ++number, figures.wrong_errors));
    while (books->next.load() != number) {
    }
    for (std::uint64_t each = 0; each < queued; ++each) {
      const us::Result<void> told = actor.try_tell(Work{.fail_at = {}, .number = ++number, .reply = {}});
      if (!told) ++figures.lost;
    }
    static_cast<void>(us::wait(system, actor.ask<Work>(std::shared_ptr<Gate>(), ++number)));
    const std::chrono::duration<double, std::milli> passed = Clock::now() - begin;
    figures.late_ms.push_back(passed.count() - (by_cutoff ? static_cast<double>(options.cutoff.count()) : 0.0));
    static_cast<void>(us::wait(system, asker.join()));
    gate->open();
    while (system.abandoned().threads_now != 0) std::this_thread::yield();
  }
  end = true;
  static_cast<void>(us::wait(system, tasks.join()));
  figures.lost += number - books->handled.load();
  figures.out_of_order = books->out_of_order.load();
  return figures;
}

}  // namespace bench
