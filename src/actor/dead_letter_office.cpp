#include "actor/dead_letter_office.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <exception>
#include <typeinfo>

#include <boost/core/demangle.hpp>

namespace understudy {
namespace {

struct CauseName {
  DeadLetterCause cause;
  std::string_view name;
};
constexpr std::array<CauseName, dead_letter_cause_count> causes{{
    {DeadLetterCause::stopped, "stopped"},
    {DeadLetterCause::rejected, "rejected"},
    {DeadLetterCause::withdrawn, "withdrawn"},
    {DeadLetterCause::left_in_mailbox, "left_in_mailbox"},
    {DeadLetterCause::dropped_oldest, "dropped_oldest"},
    {DeadLetterCause::dropped_newest, "dropped_newest"},
    {DeadLetterCause::crashed_in_hand, "crashed_in_hand"},
    {DeadLetterCause::poison, "poison"},
}};
constexpr bool causes_are_in_order() {
  for (std::size_t i = 0; i < causes.size(); ++i) {
    if (static_cast<std::size_t>(causes[i].cause) != i) return false;
  }
  return true;
}
static_assert(causes_are_in_order());

}  // namespace

std::string_view name_of(DeadLetterCause cause) noexcept { return causes[static_cast<std::size_t>(cause)].name; }

namespace detail {
namespace {

void append_path(const ActorCell& cell, std::string& into) {
  if (cell.parent() != nullptr) append_path(*cell.parent(), into);
  into += '/';
  into += cell.name();
}

// Set while this thread runs a subscriber: the letters that die in it are counted and kept, but not handed to it.
thread_local bool in_subscriber = false;

}  // namespace

void DeadLetterOffice::note(const ActorCell& actor, const std::type_info& message, DeadLetterCause cause,
                            const Error& reason, const LetterSender& sender) noexcept {
  std::shared_ptr<const DeadLetterSubscriber> subscriber;
  DeadLetter letter;
  try {
    const std::lock_guard lock(mutex_);
    if (clock_ == nullptr) return;
    ++count_;
    ++by_cause_[static_cast<std::size_t>(cause)];
    if (!in_subscriber) subscriber = subscriber_;
    if (kept_ == 0 && !subscriber) return;
    Record unkept;
    Record& record = kept_ == 0 ? unkept : next_record();
    record.sender.clear();
    if (!sender) {
      record.sender += DeadLetter::unknown_sender;
    } else if (*sender == nullptr) {
      record.sender += DeadLetter::outside;
    } else {
      append_path(**sender, record.sender);
    }
    record.actor.clear();
    append_path(actor, record.actor);
    record.incarnation = actor.incarnation();
    record.message = &message;
    record.cause = cause;
    record.reason = reason;
    record.time = clock_->now();
    if (subscriber) letter = letter_of(record);
  } catch (const std::exception& error) {
    log_error("a dead letter was counted, but could not be kept: {}", error.what());
    return;
  }
  if (subscriber) tell(*subscriber, letter);
}

void DeadLetterOffice::tell(const DeadLetterSubscriber& subscriber, const DeadLetter& letter) noexcept {
  in_subscriber = true;
  try {
    subscriber(letter);
  } catch (const std::exception& error) {
    log_error("the subscriber to dead letters threw: {}", error.what());
  } catch (...) {
    log_error("the subscriber to dead letters threw what is no std::exception");
  }
  in_subscriber = false;
}

DeadLetterOffice::Record& DeadLetterOffice::next_record() {
  if (ring_.size() < kept_) return ring_.emplace_back();
  Record& record = ring_[oldest_];
  oldest_ = (oldest_ + 1) % ring_.size();
  return record;
}

DeadLetter DeadLetterOffice::letter_of(const Record& record) {
  DeadLetter letter;
  letter.sender = record.sender;
  letter.actor = record.actor;
  letter.incarnation = record.incarnation;
  letter.message = boost::core::demangle(record.message->name());
  letter.cause = record.cause;
  letter.reason = record.reason;
  letter.time = record.time;
  return letter;
}

DeadLetters DeadLetterOffice::read() const {
  const std::lock_guard lock(mutex_);
  DeadLetters letters;
  letters.count = count_;
  letters.by_cause = by_cause_;
  letters.latest.reserve(ring_.size());
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    letters.latest.push_back(letter_of(ring_[(oldest_ + i) % ring_.size()]));
  }
  return letters;
}

void DeadLetterOffice::keep(std::size_t count) {
  const std::lock_guard lock(mutex_);
  std::ranges::rotate(ring_, ring_.begin() + static_cast<std::ptrdiff_t>(oldest_));
  oldest_ = 0;
  if (ring_.size() > count) ring_.erase(ring_.begin(), ring_.end() - static_cast<std::ptrdiff_t>(count));
  kept_ = count;
}

void DeadLetterOffice::subscribe(DeadLetterSubscriber subscriber) {
  std::shared_ptr<const DeadLetterSubscriber> next;
  if (subscriber) next = std::make_shared<const DeadLetterSubscriber>(std::move(subscriber));
  const std::lock_guard lock(mutex_);
  subscriber_.swap(next);
  // What was subscribed before ends outside the lock, since it may own anything.
}

void DeadLetterOffice::close() noexcept {
  std::shared_ptr<const DeadLetterSubscriber> last;
  const std::lock_guard lock(mutex_);
  clock_ = nullptr;
  subscriber_.swap(last);
}

}  // namespace detail
}  // namespace understudy
