// RequestBuffer: what a session has received: bytes, and the requests they hold.
//
//   commit(read into room()); then until has_more() is false: gather(), execute requests(), drop_gathered()
//
// Arguments are views into the received bytes: nothing is copied. They stay where they are until drop_gathered(), and
// as long as the buffer lives; so an operation of the store shares the buffer's ownership and may outlive the session.
//
// Threads: one session uses it. While an operation of the store reads requests, the session may only read as well, or
// make a successor.
#pragma once

#include "server/command_table.hpp"
#include "server/resp_parser.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

class RequestBuffer {
 public:
  struct Request {
    Lookup lookup;
    std::size_t first = 0;
    std::size_t count = 0;
  };
  /// What is gathered at once, at most: one larger request goes alone.
  struct Limits {
    std::size_t requests = 1024;
    std::size_t bytes = std::size_t{1} << 20U;
  };

  /// Free space to read into; at least some hundred bytes. Not while requests are gathered.
  [[nodiscard]] std::span<char> room();
  /// `count` bytes were read into room().
  void commit(std::size_t count) noexcept;
  /// Bytes that no gathered request holds: those of the unfinished request, and whatever came behind.
  [[nodiscard]] std::size_t unread() const noexcept { return end_ - begin_; }
  /// The room behind them.
  [[nodiscard]] std::size_t unused() const noexcept { return capacity_ - end_; }
  /// What it takes for bytes, used or not.
  [[nodiscard]] std::size_t allocated() const noexcept { return allocated_; }

  /// Cuts complete requests from the bytes.
  void gather(const Limits& limits);
  [[nodiscard]] std::span<const Request> requests() const noexcept { return requests_; }
  [[nodiscard]] Arguments arguments(const Request& request) const noexcept {
    return std::span(arguments_).subspan(request.first, request.count);
  }
  /// The last gather stopped at a limit: there may be more.
  [[nodiscard]] bool has_more() const noexcept { return has_more_; }
  /// What is wrong behind the gathered requests, as a reply; empty if nothing is.
  [[nodiscard]] std::string_view protocol_error() const noexcept { return protocol_error_; }
  /// Lets go of the gathered requests. Nobody else may use them.
  void drop_gathered() noexcept;
  /// It holds nothing that anybody still needs: no bytes, no requests, no protocol error.
  [[nodiscard]] bool idle() const noexcept {
    return begin_ == end_ && requests_.empty() && !has_more_ && protocol_error_.empty();
  }
  /// Of one that is idle: see Spare.
  [[nodiscard]] std::size_t clear_for_others() noexcept;
  /// How large a buffer the bytes that came lately would have liked; for `begin`.
  [[nodiscard]] std::size_t size_hint() const noexcept;
  /// Of one that is idle: begins with `size` bytes, whatever others have left here; 0: with the usual number.
  void begin(std::size_t size);
  /// What a request may claim; takes effect with the next length that is read.
  void set_limits(const RespLimits& limits) noexcept { parser_.set_limits(limits); }
  /// A buffer that goes on where this one stands, without the gathered requests: for when an operation may still read
  /// those.
  [[nodiscard]] std::shared_ptr<RequestBuffer> successor() const;

 private:
  void reserve(std::size_t capacity);

  std::unique_ptr<char[]> bytes_;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t allocated_ = 0;
  std::size_t capacity_ = 0;  // What is used of it.
  std::size_t begin_ = 0;     // Of what the parser has not consumed.
  std::size_t end_ = 0;
  bool was_full_ = false;
  bool has_more_ = false;
  RespParser parser_;
  std::vector<Request> requests_;
  std::vector<BytesView> arguments_;
  std::deque<std::string> copies_;  // Arguments that the parser had to unquote.
  std::string protocol_error_;
};

}  // namespace understudy::server
