// Checks a history of store operations: is there an order of them, consistent with when each began and ended, in which
// a plain map gives every answer that was given, and in which a crash loses only what nobody was told had happened?
// (Durable linearizability: Izraelevitz, Mendes and Scott 2016; the search is Wing and Gong's, 1993, done as the
// history grows.)
//
// The model keeps the set of all states the store may be in. Beginning an operation adds it to the pending ones; an
// answer keeps only the states in which some order of pending operations explains it. An operation without a clear
// outcome (an error that leaves it open) stays pending until one that began after it failed is answered: by then it has
// happened or never will, since a later incarnation answers from what it found on the disk. The end of the process
// settles all that is pending in the same way.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace simulation {

inline constexpr std::size_t model_keys = 4;
/// Values are numbers, all distinct; 0 is absence.
using State = std::array<std::uint32_t, model_keys>;

struct Operation {
  enum class Kind : std::uint8_t { set, get, erase, set_all, get_all };
  Kind kind = Kind::get;
  std::size_t key = 0;
  std::uint32_t value = 0;  ///< For set and set_all.
};

/// What the caller was told. For get: `seen[key]`; for get_all: all of `seen`; for erase: `was_there`.
struct Answer {
  State seen{};
  bool was_there = false;
  friend auto operator<=>(const Answer&, const Answer&) = default;
};

class StoreModel {
 public:
  StoreModel() { states_.insert({State{}, {}}); }

  /// An operation begins. Returns its number.
  std::size_t begin(const Operation& operation);
  /// It was answered. False: no order of events explains this answer.
  bool end(std::size_t number, const Answer& answer);
  /// It failed, and certainly has not happened.
  void refuse(std::size_t number);
  /// It failed, and may have happened, or may yet.
  void leave_open(std::size_t number);
  /// The process has ended.
  void crash();

  /// Operations that may have happened, or may yet. What can follow doubles with each.
  [[nodiscard]] std::size_t left_open() const noexcept { return open_.size(); }
  [[nodiscard]] std::size_t states() const noexcept { return states_.size(); }
  /// The possible states, for people.
  [[nodiscard]] std::string describe() const;

 private:
  /// A state of the store, and which of the pending operations have happened on the way to it, with what answer.
  struct Possibility {
    State state;
    std::map<std::size_t, Answer> happened;
    friend auto operator<=>(const Possibility&, const Possibility&) = default;
  };
  using Possibilities = std::set<Possibility>;

  static Answer apply(const Operation& operation, State& state);
  static bool explains(const Operation& operation, const Answer& told, const Answer& computed);
  /// All that can follow from the present possibilities when any of the pending operations happen, in any order.
  [[nodiscard]] Possibilities closure() const;
  /// Takes `number` out of every possibility.
  void forget(std::size_t number);

  std::map<std::size_t, Operation> pending_;
  std::set<std::size_t> open_;                                  // Pending, and never to be answered.
  std::map<std::size_t, std::set<std::size_t>> open_at_begin_;  // For each that may be answered: what was open then.
  std::size_t next_ = 0;
  Possibilities states_;
};

}  // namespace simulation
