// Where a system's dead letters end: counted, the latest kept, a subscriber told.
//
// Threads: any. It is part of what stays of a system while Addresses to its actors exist, since a tell to an actor of a
// system that is gone still asks for it; nothing is noted any more then.
#pragma once

#include "understudy/actor/dead_letter.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <memory>
#include <vector>

namespace understudy::detail {

class DeadLetterOffice {
 public:
  explicit DeadLetterOffice(const Clock& clock) noexcept : clock_(&clock) {}

  void note(const ActorCell& actor, const std::type_info& message, DeadLetterCause cause, const Error& reason,
            const LetterSender& sender) noexcept;
  [[nodiscard]] DeadLetters read() const;
  void keep(std::size_t count);
  void subscribe(DeadLetterSubscriber subscriber);
  /// The system ends, with its clock.
  void close() noexcept;

 private:
  // Its strings are written over when its place in the ring is used again, so that noting a letter allocates nothing in
  // the long run; names of types are made readable by those who read.
  struct Record {
    std::string sender;
    std::string actor;
    std::uint32_t incarnation = 0;
    const std::type_info* message = nullptr;
    DeadLetterCause cause = DeadLetterCause::stopped;
    Error reason = ErrorCode::actor_stopped;
    TimePoint time;
  };
  [[nodiscard]] static DeadLetter letter_of(const Record& record);
  [[nodiscard]] Record& next_record();
  void tell(const DeadLetterSubscriber& subscriber, const DeadLetter& letter) noexcept;

  mutable ThreadMutex mutex_;  // Guards all that follows.
  const Clock* clock_;         // Null once the system has ended.
  std::uint64_t count_ = 0;
  std::array<std::uint64_t, dead_letter_cause_count> by_cause_{};
  std::size_t kept_ = dead_letters_kept_default;
  std::vector<Record> ring_;  // At most kept_ long; full, its oldest entry is at oldest_.
  std::size_t oldest_ = 0;
  std::shared_ptr<const DeadLetterSubscriber> subscriber_;
};

}  // namespace understudy::detail
