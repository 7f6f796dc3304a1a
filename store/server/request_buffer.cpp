#include "server/request_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace understudy::server {
namespace {

constexpr std::size_t first_bytes = 4096;
// Buffers of connections that send long pipelines grow so far, and stay so.
constexpr std::size_t usual_bytes_max = std::size_t{64} << 10U;
constexpr std::size_t room_bytes_min = 1024;

}  // namespace

void RequestBuffer::reserve(std::size_t capacity) {
  if (capacity <= allocated_ && allocated_ <= usual_bytes_max) {
    if (begin_ > 0) std::memmove(bytes_.get(), bytes_.get() + begin_, unread());
    capacity_ = capacity;
    end_ -= begin_;
    begin_ = 0;
    return;
  }
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);  // NOLINT(modernize-avoid-c-arrays)
  if (unread() > 0) std::memcpy(larger.get(), bytes_.get() + begin_, unread());
  bytes_ = std::move(larger);
  allocated_ = capacity_ = capacity;
  end_ -= begin_;
  begin_ = 0;
}

std::span<char> RequestBuffer::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == 0 && capacity_ > usual_bytes_max) reserve(usual_bytes_max);
  const bool grow = std::exchange(was_full_, false) && capacity_ < usual_bytes_max;
  if (grow || capacity_ - unread() < room_bytes_min) {
    reserve(std::max(first_bytes, 2 * capacity_));
  } else if (capacity_ - end_ < room_bytes_min) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, unread());
    end_ -= begin_;
    begin_ = 0;
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void RequestBuffer::commit(std::size_t count) noexcept {
  end_ += count;
  was_full_ = end_ == capacity_;
}

void RequestBuffer::gather(const Limits& limits) {
  has_more_ = false;
  const std::size_t start = begin_;
  while (protocol_error_.empty()) {
    if (requests_.size() >= limits.requests || begin_ - start >= limits.bytes) {
      has_more_ = begin_ < end_;
      return;
    }
    const RespParser::Outcome outcome = parser_.next({bytes_.get() + begin_, unread()});
    if (outcome == RespParser::Outcome::request) {
      const Arguments words = parser_.arguments();
      requests_.emplace_back(look_up(words), arguments_.size(), words.size());
      if (parser_.arguments_are_views()) {
        arguments_.insert(arguments_.end(), words.begin(), words.end());
      } else {
        for (const BytesView word : words) arguments_.push_back(copies_.emplace_back(word));
      }
    }
    begin_ += parser_.consumed();
    if (outcome == RespParser::Outcome::protocol_error) protocol_error_ = "ERR " + std::string(parser_.error());
    if (outcome == RespParser::Outcome::incomplete) return;
  }
}

void RequestBuffer::drop_gathered() noexcept {
  requests_.clear();
  arguments_.clear();
  copies_.clear();
}

std::size_t RequestBuffer::clear_for_others() noexcept {
  capacity_ = begin_ = end_ = 0;
  was_full_ = false;
  if (allocated_ > usual_bytes_max) {  // The next one would not use it.
    bytes_.reset();
    allocated_ = 0;
  }
  return allocated_ + requests_.capacity() * sizeof(Request) + arguments_.capacity() * sizeof(BytesView);
}

std::size_t RequestBuffer::size_hint() const noexcept {
  return std::min(was_full_ ? 2 * capacity_ : capacity_, usual_bytes_max);
}

void RequestBuffer::begin(std::size_t size) { reserve(std::max(size, first_bytes)); }

std::shared_ptr<RequestBuffer> RequestBuffer::successor() const {
  auto next = std::make_shared<RequestBuffer>();
  if (unread() > 0) {
    next->bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);  // NOLINT(modernize-avoid-c-arrays)
    next->allocated_ = next->capacity_ = capacity_;
    std::memcpy(next->bytes_.get(), bytes_.get() + begin_, unread());
    next->end_ = unread();
  }
  next->has_more_ = has_more_;
  next->parser_ = parser_;
  next->protocol_error_ = protocol_error_;
  return next;
}

}  // namespace understudy::server
