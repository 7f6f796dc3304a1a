#include "server/outbox.hpp"

#include <utility>

namespace understudy::server {

Outbox::Outbox(System& system, std::shared_ptr<Connection> connection, const LiveOutputLimits& limits,
               std::function<void(std::string_view why)> ends)
    : system_(system), limits_(limits), connection_(std::move(connection)), ends_(std::move(ends)), writer_(system) {}

void Outbox::push(std::string_view bytes) {
  const TimePoint now = system_.clock().now();
  {
    const std::scoped_lock lock(mutex_);
    if (connection_ == nullptr || failed_) return;
    (holds_ ? held_back_ : pending_) += bytes;
    if (!is_too_much(now, limits_.now())) {
      if (!holds_) start_writing();
      return;
    }
  }
  cut_off(unread_messages);
}

void Outbox::end_if_overdue(TimePoint now, const OutputLimits& limits, std::string_view why) {
  {
    const std::scoped_lock lock(mutex_);
    if (failed_ || !is_too_much(now, limits)) return;
  }
  cut_off(why);
}

void Outbox::cut_off(std::string_view why) {
  std::function<void(std::string_view)> ends;
  std::shared_ptr<Connection> connection;
  {
    const std::scoped_lock lock(mutex_);
    if (connection_ == nullptr || failed_) return;
    fail();
    ends = std::exchange(ends_, nullptr);
    connection = connection_;
  }
  // What is being written has an end with this, whether anybody cuts the client off (while the server stops nobody
  // does) or not: its session finds that out.
  connection->shut_down();
  if (ends) ends(why);
}

void Outbox::fail() noexcept {
  failed_ = true;
  std::string().swap(pending_);
  std::string().swap(held_back_);
}

bool Outbox::is_too_much(TimePoint now, const OutputLimits& limits) {
  const std::size_t unsent = pending_.size() + held_back_.size() + being_written_;
  if (limits.is_over_hard(unsent)) return true;
  if (!limits.is_over_soft(unsent)) {
    over_soft_limit_since_ = TimePoint::max();
    return false;
  }
  if (over_soft_limit_since_ == TimePoint::max()) over_soft_limit_since_ = now;
  return now - over_soft_limit_since_ > limits.soft_time;
}

void Outbox::start_writing() {
  if (pending_.empty() || std::exchange(writes_, true)) return;
  writer_.spawn_regardless(write_pending(shared_from_this(), connection_));
}

Task<> Outbox::write_pending(std::shared_ptr<Outbox> self, std::shared_ptr<Connection> connection) {
  std::string bytes;
  for (;;) {
    {
      const std::scoped_lock lock(self->mutex_);
      self->being_written_ = 0;
      const bool lets_sender_go = self->sender_waits_ && self->pending_.size() <= self->sender_waits_for_;
      if (self->pending_.empty() || self->failed_ || lets_sender_go) {
        self->writes_ = false;
        co_return;
      }
      bytes.clear();
      bytes.swap(self->pending_);
      self->being_written_ = bytes.size();
    }
    Task<Result<void>> writing = connection->write_all(bytes);
    const Result<void> written = co_await std::move(writing);
    if (!written) {
      const std::scoped_lock lock(self->mutex_);
      self->fail();
    }
  }
}

void Outbox::hold() {
  const std::scoped_lock lock(mutex_);
  holds_ = true;
}

Task<Result<void>> Outbox::send(std::string& replies, std::size_t bytes_max) {
  bool waits = false;
  {
    const std::scoped_lock lock(mutex_);
    holds_ = false;
    if (failed_) co_return failure(ErrorCode::storage_failed, "the connection has failed");
    pending_ += replies;
    replies.clear();
    pending_ += std::exchange(held_back_, {});
    if (connection_ != nullptr) start_writing();
    waits = writes_ && pending_.size() + being_written_ > bytes_max;
    sender_waits_ = waits;
    sender_waits_for_ = bytes_max;
  }
  if (waits) {
    Task<> joining = writer_.join();
    co_await std::move(joining);
  }
  const std::scoped_lock lock(mutex_);
  sender_waits_ = false;
  if (failed_ || connection_ == nullptr) co_return failure(ErrorCode::storage_failed, "the connection has failed");
  start_writing();
  co_return Result<void>{};
}

void Outbox::close() noexcept {
  const std::shared_ptr<Outbox> self = shared_from_this();  // The writer's end may be that of the last other owner.
  std::shared_ptr<Connection> connection;
  {
    const std::scoped_lock lock(mutex_);
    connection = std::move(connection_);
    connection_ = nullptr;
    ends_ = nullptr;
  }
  writer_.cancel();
}

std::size_t Outbox::unsent() const {
  const std::scoped_lock lock(mutex_);
  return pending_.size() + held_back_.size() + being_written_;
}

}  // namespace understudy::server
