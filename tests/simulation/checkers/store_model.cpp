#include "simulation/checkers/store_model.hpp"

#include <deque>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace simulation {

Answer StoreModel::apply(const Operation& operation, State& state) {
  Answer answer;
  switch (operation.kind) {
    case Operation::Kind::set:
      state[operation.key] = operation.value;
      break;
    case Operation::Kind::get:
      answer.seen[operation.key] = state[operation.key];
      break;
    case Operation::Kind::get_all:
      answer.seen = state;
      break;
    case Operation::Kind::erase:
      answer.was_there = state[operation.key] != 0;
      state[operation.key] = 0;
      break;
    case Operation::Kind::set_all:
      state.fill(operation.value);
      break;
  }
  return answer;
}

bool StoreModel::explains(const Operation& operation, const Answer& told, const Answer& computed) {
  switch (operation.kind) {
    case Operation::Kind::get:
      return told.seen[operation.key] == computed.seen[operation.key];
    case Operation::Kind::get_all:
      return told.seen == computed.seen;
    case Operation::Kind::erase:
      return told.was_there == computed.was_there;
    case Operation::Kind::set:
    case Operation::Kind::set_all:
      return true;
  }
  return false;
}

std::size_t StoreModel::begin(const Operation& operation) {
  pending_.emplace(next_, operation);
  open_at_begin_.emplace(next_, open_);
  return next_++;
}

StoreModel::Possibilities StoreModel::closure() const {
  Possibilities reached = states_;
  std::deque<Possibility> open(states_.begin(), states_.end());
  while (!open.empty()) {
    const Possibility from = std::move(open.front());
    open.pop_front();
    for (const auto& [number, operation] : pending_) {
      if (from.happened.contains(number)) continue;
      Possibility next = from;
      Answer answer = apply(operation, next.state);
      // Nobody will ever be told the answer of one that is left open: in which order those happened is no difference.
      next.happened.emplace(number, open_.contains(number) ? Answer{} : answer);
      if (reached.insert(next).second) open.push_back(std::move(next));
    }
  }
  return reached;
}

bool StoreModel::end(std::size_t number, const Answer& answer) {
  const Operation operation = pending_.at(number);
  Possibilities kept;
  for (const Possibility& possibility : closure()) {
    const auto happened = possibility.happened.find(number);
    if (happened == possibility.happened.end() || !explains(operation, answer, happened->second)) continue;
    kept.insert(possibility);
  }
  if (kept.empty()) return false;
  states_ = std::move(kept);
  for (const std::size_t settled : std::set<std::size_t>(open_at_begin_[number])) forget(settled);
  forget(number);
  return true;
}

void StoreModel::forget(std::size_t number) {
  pending_.erase(number);
  open_.erase(number);
  open_at_begin_.erase(number);
  for (auto& [other, open] : open_at_begin_) open.erase(number);
  Possibilities without;
  for (Possibility possibility : states_) {
    possibility.happened.erase(number);
    without.insert(std::move(possibility));
  }
  states_ = std::move(without);
}

void StoreModel::refuse(std::size_t number) {
  std::erase_if(states_, [&](const Possibility& possibility) { return possibility.happened.contains(number); });
  forget(number);
}

void StoreModel::leave_open(std::size_t number) {
  const Operation::Kind kind = pending_.at(number).kind;
  open_.insert(number);
  // Whether a read happened makes no difference to anybody.
  if (kind == Operation::Kind::get || kind == Operation::Kind::get_all) {
    forget(number);
    return;
  }
  Possibilities merged;
  for (Possibility possibility : states_) {
    if (const auto happened = possibility.happened.find(number); happened != possibility.happened.end()) {
      happened->second = Answer{};
    }
    merged.insert(std::move(possibility));
  }
  states_ = std::move(merged);
}

void StoreModel::crash() {
  Possibilities ended;
  for (const Possibility& possibility : closure()) ended.insert({possibility.state, {}});
  states_ = std::move(ended);
  pending_.clear();
  open_.clear();
  open_at_begin_.clear();
}

std::string StoreModel::describe() const {
  std::string text;
  for (const Possibility& possibility : states_) {
    text += fmt::format("  {} with {} unanswered operations done\n", possibility.state, possibility.happened.size());
  }
  return text;
}

}  // namespace simulation
