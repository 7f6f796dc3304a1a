#include "engine/key_space.hpp"

#include "engine/key_table.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace understudy::store {
namespace {

constexpr std::size_t part_bits = 12;
constexpr std::size_t part_count = std::size_t{1} << part_bits;
static_assert(sizeof(Part) == cache_line_bytes);
/// A table looks at a hash's highest bits, and at its lowest eight. The part's number comes from between: taken from
/// one end, it would leave all keys of a part the same bits there.
constexpr unsigned part_shift = 24;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
/// Of how many keys the least recently used are evicted, and which share of them.
constexpr std::size_t sample_keys = 64;
constexpr std::size_t evicted_of_sample = 4;
/// A use in this many of the store's keys moves the count of uses on.
constexpr unsigned uses_shift = 10;

/// The order of a heap whose top is the earliest.
constexpr std::ranges::greater earliest_on_top;

}  // namespace

struct KeySpace::State {
  explicit State(KeyHash hash) : hash_of(hash) {
    parts.reserve(part_count);
    times.reserve(part_count);
    for (std::size_t i = 0; i < part_count; ++i) {
      parts.emplace_back(hash, table_bytes);
      times.emplace_back(table_bytes);
    }
    earliest.assign(part_count, never);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    for (const Part& part : parts) {
      for (const Slot& slot : part.table) Entry::free(slot.entry);
    }
  }

  static std::size_t part_of(std::size_t hash) noexcept { return (hash >> part_shift) % part_count; }

  /// Where a key is, or would be.
  struct Place {
    std::size_t hash;
    std::size_t number;  // Of the part.
    Table& table;
    Table::iterator slot;  // The table's end: it is not there.
    [[nodiscard]] bool found() const noexcept { return slot != table.end(); }
  };
  Place locate(BytesView key) noexcept {
    const Probe probe{key, hash_of(key)};
    const std::size_t number = part_of(probe.hash);
    Table& table = parts[number].table;
    return {probe.hash, number, table, table.find(probe)};
  }

  /// Of the sum of times: one that is thousands of years off is taken for less.
  static std::uint64_t summand(std::int64_t at) noexcept {
    constexpr std::int64_t most = std::int64_t{1} << 46U;
    return static_cast<std::uint64_t>(std::min(at, most));
  }

  std::uint32_t use() noexcept {
    if (++uses_since_tick > size >> uses_shift) {
      uses_since_tick = 0;
      now_used = (now_used + 1) & Entry::used_max;
    }
    return now_used;
  }
  [[nodiscard]] std::uint32_t age_of(const Entry& entry) const noexcept {
    return (now_used - entry.used()) & Entry::used_max;
  }

  void note_time(std::size_t number, std::size_t hash, std::optional<WallTime> before, std::optional<WallTime> after) {
    Times& of_part = times[number];
    if (before) {
      --of_part.expiring;
      --expiring;
      sum_of_times -= summand(milliseconds_of(*before));
    }
    if (!after) return;
    const std::int64_t at = milliseconds_of(*after);
    ++of_part.expiring;
    ++expiring;
    sum_of_times += summand(at);
    if (before == after) return;
    of_part.due.push_back({at, hash});
    std::ranges::push_heap(of_part.due, earliest_on_top, &Due::at);
    earliest[number] = std::min(earliest[number], at);
    next_due = std::min(next_due, at);
  }
  /// Makes the part's heap anew if more than half of it is out of date. A use for each that was added.
  void tidy(std::size_t number) {
    Times& of_part = times[number];
    constexpr std::size_t leeway = 8;
    if (of_part.due.size() <= 2 * of_part.expiring + leeway) return;
    std::vector<Due, CountingAllocator<Due>> due(of_part.due.get_allocator());
    due.reserve(of_part.expiring);
    for (const Slot& slot : parts[number].table) {
      if (const std::optional<WallTime> at = slot.entry->expires_at()) {
        due.push_back({milliseconds_of(*at), hash_of(slot.entry->key())});
      }
    }
    std::ranges::make_heap(due, earliest_on_top, &Due::at);
    of_part.due = std::move(due);
    earliest[number] = of_part.due.empty() ? never : of_part.due.front().at;
  }

  void replace(const Slot& slot, Entry* changed) noexcept {
    entry_bytes += changed->memory_bytes();
    entry_bytes -= slot.entry->memory_bytes();
    Entry::free(std::exchange(slot.entry, changed));
  }

  void remove(std::size_t number, Table::const_iterator place) {
    Part& part = parts[number];
    Entry* const entry = place->entry;
    entry_bytes -= entry->memory_bytes();
    if (entry->expires()) note_time(number, 0, entry->expires_at(), std::nullopt);
    part.table.erase(place);
    Entry::free(entry);
    --size;
    tidy(number);
    // A table that has become far too large; it is laid out anew once in as many removals.
    constexpr std::size_t small_table = 64;
    constexpr std::size_t sparse = 8;
    if (part.table.bucket_count() > small_table && part.table.size() * sparse < part.table.bucket_count()) {
      part.table.rehash(2 * part.table.size());
    }
  }
  /// To make room: an empty table goes too.
  void evict(BytesView key) {
    const Place place = locate(key);
    remove(place.number, place.slot);
    if (place.table.empty()) place.table.rehash(0);
  }

  /// Removes keys of one part whose time has come. `looks` is how many places of the heap it may still look at.
  std::size_t take_due_of(std::size_t number, std::int64_t now, std::size_t& looks, const Removed& removed) {
    Table& table = parts[number].table;
    Times& of_part = times[number];
    std::size_t taken = 0;
    for (; looks > 0 && !of_part.due.empty() && of_part.due.front().at <= now; --looks) {
      const std::size_t hash = of_part.due.front().hash;
      std::ranges::pop_heap(of_part.due, earliest_on_top, &Due::at);
      of_part.due.pop_back();
      const auto found = table.find(DueProbe{hash, now, hash_of});
      if (found == table.end()) continue;  // Out of date: it was changed or removed.
      removed(found->entry->key());
      remove(number, found);
      ++taken;
    }
    earliest[number] = of_part.due.empty() ? never : of_part.due.front().at;
    return taken;
  }

  /// Some keys that are neighbours by their hashes, and so by nothing else. None only if there are none.
  std::size_t sample(std::uint64_t random, std::span<const Entry*> into) const {
    std::size_t count = 0;
    for (std::size_t step = 0; step < part_count && count < into.size(); ++step) {
      const Table& table = parts[(random + step) % part_count].table;
      auto place = table.begin();
      if (step == 0 && !table.empty()) {
        std::advance(place, static_cast<std::ptrdiff_t>((random >> part_bits) % table.size()));
      }
      for (; place != table.end() && count < into.size(); ++place) into[count++] = place->entry;
    }
    return count;
  }

  KeyHash hash_of;
  std::size_t table_bytes = 0;
  std::vector<Part> parts;
  std::vector<Times> times;  // Of each.
  /// For each part: the time of its heap's top.
  std::vector<std::int64_t> earliest;
  std::int64_t next_due = never;
  std::size_t next_part = 0;  // Where `take_due` goes on.
  std::size_t size = 0;
  std::size_t expiring = 0;
  std::uint64_t sum_of_times = 0;  // Modulo 2^64.
  std::size_t entry_bytes = 0;
  std::uint32_t now_used = 0;
  std::size_t uses_since_tick = 0;
};

KeySpace::KeySpace(KeyHash hash) : state_(std::make_unique<State>(hash)) {}
KeySpace::KeySpace(KeySpace&&) noexcept = default;
KeySpace& KeySpace::operator=(KeySpace&&) noexcept = default;
KeySpace::~KeySpace() = default;

const Entry* KeySpace::find(BytesView key) {
  const State::Place place = state_->locate(key);
  if (!place.found()) return nullptr;
  place.slot->entry->set_used(state_->use());
  return place.slot->entry;
}

std::size_t KeySpace::hash_of(BytesView key) const noexcept { return state_->hash_of(key); }

void KeySpace::look_ahead(std::span<const std::size_t> hashes) const noexcept {
  const State& state = *state_;
  hashes = hashes.first(std::min(hashes.size(), expected_keys_max));
  for (const std::size_t hash : hashes) __builtin_prefetch(&state.parts[State::part_of(hash)]);
  // None of these waits for another, so the processor has several under way.
  std::array<const Entry*, expected_keys_max> entries{};
  auto* found = entries.begin();
  for (const std::size_t hash : hashes) {
    static_cast<void>(state.parts[State::part_of(hash)].table.find(NearProbe{hash, *found++}));
  }
  for (const Entry* entry : entries) {
    if (entry == nullptr) continue;
    // The entry's end is often in the line behind; where there is none, nothing happens.
    const auto* const begin = reinterpret_cast<const char*>(entry);
    __builtin_prefetch(begin, 1);
    __builtin_prefetch(begin + cache_line_bytes, 1);
  }
}

void KeySpace::set(BytesView key, BytesView value, std::optional<WallTime> expires_at) {
  State& state = *state_;
  const State::Place place = state.locate(key);
  const std::uint32_t used = state.use();
  if (place.found()) {
    Entry* const old = place.slot->entry;
    old->set_used(used);
    const std::optional<WallTime> before = old->expires_at();
    const BytesView was = old->value();
    const bool is_part_of_old = !std::less<>{}(value.data(), was.data()) && std::less<>{}(value.data(), was.end());
    if (is_part_of_old || !old->assign(value, expires_at))
      state.replace(*place.slot, Entry::make(key, value, expires_at, used));
    state.note_time(place.number, place.hash, before, expires_at);
    state.tidy(place.number);
    return;
  }
  Entry* const entry = Entry::make(key, value, expires_at, used);
  place.table.insert(Slot{entry});
  state.entry_bytes += entry->memory_bytes();
  ++state.size;
  state.note_time(place.number, place.hash, std::nullopt, expires_at);
}

bool KeySpace::expire_at(BytesView key, std::optional<WallTime> expires_at) {
  State& state = *state_;
  const State::Place place = state.locate(key);
  if (!place.found()) return false;
  Entry* const old = place.slot->entry;
  const std::optional<WallTime> before = old->expires_at();
  if (before == expires_at) return true;
  if (!expires_at || !old->change_time(*expires_at)) {
    state.replace(*place.slot, Entry::make(old->key(), old->value(), expires_at, old->used()));
  }
  state.note_time(place.number, place.hash, before, expires_at);
  state.tidy(place.number);
  return true;
}

bool KeySpace::erase(BytesView key) {
  const State::Place place = state_->locate(key);
  if (!place.found()) return false;
  state_->remove(place.number, place.slot);
  return true;
}

void KeySpace::clear(const std::function<void()>& part_done) {
  const std::unique_ptr<State> old = std::exchange(state_, std::make_unique<State>(state_->hash_of));
  for (Part& part : old->parts) {
    for (const Slot& slot : part.table) Entry::free(slot.entry);
    part.table.clear();
    part_done();
  }
}

std::size_t KeySpace::size() const noexcept { return state_->size; }
std::size_t KeySpace::expiring() const noexcept { return state_->expiring; }

std::size_t KeySpace::memory_bytes() const noexcept {
  constexpr std::size_t fixed = sizeof(State) + part_count * (sizeof(Part) + sizeof(Times) + sizeof(std::int64_t));
  return fixed + state_->table_bytes + state_->entry_bytes;
}

std::optional<WallTime> KeySpace::mean_expiry() const noexcept {
  const State& state = *state_;
  if (state.expiring == 0) return std::nullopt;
  // The sum is too large for its type, but not the sum of the distances from a time among them.
  const std::uint64_t base = State::summand(state.next_due);
  const std::uint64_t mean = base + (state.sum_of_times - base * state.expiring) / state.expiring;
  return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(mean)));
}

std::size_t KeySpace::memory_bytes_of(const Entry& entry) noexcept {
  return entry.memory_bytes() + sizeof(Slot) + (entry.expires() ? sizeof(Due) : 0);
}

const Entry* KeySpace::choose(std::uint64_t random) const noexcept {
  if (state_->size == 0) return nullptr;
  std::size_t place = random % state_->size;
  auto part = state_->parts.begin();
  for (; place >= part->table.size(); ++part) place -= part->table.size();
  return std::next(part->table.begin(), static_cast<std::ptrdiff_t>(place))->entry;
}

void KeySpace::for_each(const Visit& visit) const {
  for (const Part& part : state_->parts) {
    for (const Slot& slot : part.table) visit(*slot.entry);
  }
}

std::uint64_t KeySpace::scan(std::uint64_t cursor, std::size_t count, const Visit& visit) const {
  std::size_t seen = 0;
  for (; cursor < part_count && seen < count; ++cursor) {
    const Table& table = state_->parts[cursor].table;
    seen += table.size();
    for (const Slot& slot : table) visit(*slot.entry);
  }
  return cursor < part_count ? cursor : 0;
}

std::optional<WallTime> KeySpace::next_due() const noexcept {
  if (state_->next_due == never) return std::nullopt;
  return WallTime(std::chrono::milliseconds(state_->next_due));
}

std::size_t KeySpace::take_due(WallTime now, std::size_t most, const Removed& removed) {
  State& state = *state_;
  const std::int64_t limit = milliseconds_of(now);
  if (state.next_due > limit) return 0;
  std::size_t taken = 0;
  std::size_t looks = most;
  for (std::size_t step = 0; step < part_count && looks > 0; ++step) {
    const std::size_t number = state.next_part;
    if (state.earliest[number] <= limit) taken += state.take_due_of(number, limit, looks, removed);
    if (looks > 0) state.next_part = (number + 1) % part_count;
  }
  state.next_due = *std::ranges::min_element(state.earliest);
  return taken;
}

std::size_t KeySpace::evict(std::uint64_t random, std::size_t most, const Removed& removed) {
  State& state = *state_;
  std::array<const Entry*, sample_keys> sample{};
  const std::size_t count = state.sample(random, sample);
  const auto first = sample.begin();
  const std::size_t share = std::max<std::size_t>(1, count * evicted_of_sample / sample_keys);
  const std::size_t wanted = std::min({most, count, share});
  std::ranges::partial_sort(first, first + static_cast<std::ptrdiff_t>(wanted),
                            first + static_cast<std::ptrdiff_t>(count), std::ranges::greater{},
                            [&state](const Entry* entry) { return state.age_of(*entry); });
  for (std::size_t i = 0; i < wanted; ++i) {
    const BytesView key = sample[i]->key();
    removed(key);
    state.evict(key);
  }
  return wanted;
}

}  // namespace understudy::store
