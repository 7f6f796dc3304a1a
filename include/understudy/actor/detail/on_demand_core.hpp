// The inside of an OnDemand: its keys and their actors, in shards, and which of them may be forgotten.
//
// Forgetting needs no protocol: whoever can send to an actor holds an address of it, and addresses are handed out under
// the shard's lock. So under that lock an actor that sleeps, and that only the shard and the system hold, is one that
// nobody can be sending to.
#pragma once

#include "understudy/actor/detail/awake_set.hpp"
#include "understudy/actor/detail/sleeper.hpp"
#include "understudy/actor/detail/target_table.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace understudy {

/// How an OnDemand is set up.
struct OnDemandOptions {
  Duration idle_after = std::chrono::minutes(1);  ///< One that has had no message for so long goes to sleep.
  std::uint32_t awake_max = 10'000;               ///< At most so many are awake, at least 1.
  SpawnOptions actor = {};                        ///< Each actor's mailbox, restarts and cutoff.
};

namespace detail {

/// Threads: any.
template <typename Key, Message M, typename Hash>
class OnDemandCore : public std::enable_shared_from_this<OnDemandCore<Key, M, Hash>> {
 public:
  using Start = std::function<Task<>(Mailbox<M>&, const Key&)>;

  OnDemandCore(SystemCore& system, Scheduler& scheduler, std::string_view name, const OnDemandOptions& options,
               Start start)
      : system_(system),
        name_(name),
        options_(options),
        start_(std::move(start)),
        awake_(scheduler.clock(), options.awake_max, options.idle_after),
        sweeper_(scheduler),
        crowd_(scheduler) {}
  OnDemandCore(const OnDemandCore&) = delete;
  OnDemandCore& operator=(const OnDemandCore&) = delete;
  ~OnDemandCore() = default;

  [[nodiscard]] Address<M> at(const Key& key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.actors.find(key);
    // One that is about to stop may still be in its last life: the next one's begins after it.
    if (found != shard.actors.end() && !found->second.stopped()) return found->second;
    const Address<M> made = spawn_sleeper<M>(
        system_, nullptr, name_ + "/" + text_of(key),
        [core = this->shared_from_this(), key](Mailbox<M>& inbox) { return live(inbox, core, key); }, options_.actor);
    shard.actors.insert_or_assign(key, made);
    if (!made.stopped()) resting(shard, key);
    return made;
  }
  [[nodiscard]] OnDemandStatistics statistics() const {
    OnDemandStatistics statistics;
    awake_.fill(statistics);
    for (const Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      statistics.known += shard.actors.size();
      statistics.forgotten += shard.forgotten;
    }
    return statistics;
  }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Stops all actors. Nobody calls `at` any more.
  void close() noexcept {
    sweeper_.close();
    crowd_.close();
    for (Shard& shard : shards_) {
      Actors actors;
      {
        const std::lock_guard lock(shard.mutex);
        actors.swap(shard.actors);
      }
      for (const auto& [key, actor] : actors) actor.stop();
    }
  }

  [[nodiscard]] Duration sweep_period() const noexcept {
    return std::max<Duration>(options_.idle_after / 4, std::chrono::microseconds(100));
  }
  bool sweep() {
    bool more = awake_.sweep();
    for (Shard& shard : shards_) more = forget(shard) || more;
    return more;
  }

 private:
  using Actors = std::unordered_map<Key, Address<M>, Hash>;
  struct Shard {
    mutable std::mutex mutex;
    Actors actors;
    std::unordered_set<Key, Hash> resting;  // Those that are in no life: asleep, or soon.
    std::uint64_t forgotten = 0;
  };
  /// While somebody waits for a place and nobody was idle: looks again soon.
  struct SweepCrowd {
    [[nodiscard]] static Duration period(const OnDemandCore& /*core*/) noexcept { return std::chrono::milliseconds(1); }
    [[nodiscard]] static bool sweep(OnDemandCore& core) noexcept { return core.awake_.relieve(); }
  };
  /// A life of the actor of `key`.
  class Life {
   public:
    Life(OnDemandCore& core, const Key& key) : core_(core), key_(key) {
      Shard& shard = core_.shard_of(key_);
      const std::lock_guard lock(shard.mutex);
      shard.resting.erase(key_);
    }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() {
      Shard& shard = core_.shard_of(key_);
      const std::lock_guard lock(shard.mutex);
      if (shard.actors.contains(key_)) core_.resting(shard, key_);
    }

   private:
    OnDemandCore& core_;
    const Key& key_;
  };

  static Task<> live(Mailbox<M>& inbox, std::shared_ptr<OnDemandCore> core, const Key& key) {
    const Life awake(*core, key);
    AwakeSet::Place place(core->awake_, current_cell("an actor on demand"));
    core->sweeper_.start(core);
    if (core->awake_.is_crowded()) core->crowd_.template start<SweepCrowd>(core);
    Event& admitted = place.admitted();
    co_await admitted;
    Task<> life = core->start_(inbox, key);
    co_await std::move(life);
  }
  static std::string text_of(const Key& key) {
    if constexpr (std::convertible_to<const Key&, std::string_view>) {
      return std::string(std::string_view(key));
    } else if constexpr (std::integral<Key>) {
      return std::to_string(key);
    } else {
      return std::to_string(Hash{}(key));
    }
  }
  [[nodiscard]] Shard& shard_of(const Key& key) { return shards_[spread_bits(Hash{}(key)) % shards_.size()]; }
  /// With the shard's lock held.
  void resting(Shard& shard, const Key& key) {
    shard.resting.insert(key);
    sweeper_.start(this->shared_from_this());
  }
  /// Forgets those that sleep and that nobody else holds. True if some are left.
  bool forget(Shard& shard) {
    const std::lock_guard lock(shard.mutex);
    std::erase_if(shard.resting, [&](const Key& key) {
      const auto found = shard.actors.find(key);
      if (found == shard.actors.end()) return true;
      ActorCell& cell = CellAccess::cell(found->second);
      constexpr std::uint32_t ours = 2;  // The shard's address, and the system's tree.
      if (!cell.stopped() && (cell.owners() > ours || !cell.stop_if_asleep())) return false;
      shard.actors.erase(found);
      ++shard.forgotten;
      return true;
    });
    return !shard.resting.empty();
  }

  SystemCore& system_;
  const std::string name_;
  const OnDemandOptions options_;
  const Start start_;
  AwakeSet awake_;
  std::array<Shard, 16> shards_;
  Sweeper sweeper_;
  Sweeper crowd_;
};

}  // namespace detail
}  // namespace understudy
