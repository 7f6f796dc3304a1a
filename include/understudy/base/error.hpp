// Errors are values: every call of this library that can fail says so in its type.
//
// `Error` is one pointer wide: it points to a description that is either one of a static table (one for each
// code, never freed) or a counted block that adds a sentence for people. Copying the first kind costs nothing,
// so results on the message path stay small and free of allocation.
//
// Threads: an Error may be copied, moved and destroyed from any thread; one object is not to be changed by two at once.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace understudy {

/// Everything that can go wrong, as a closed set. `ask` and `tell` end with one of the first eight, never another.
enum class ErrorCode : std::uint8_t {
  timeout,            ///< The deadline passed before an answer came.
  cancelled,          ///< The asker, or the scope it runs in, was cancelled.
  actor_crashed,      ///< The message was in hand when its actor failed or was reset.
  actor_stopped,      ///< The actor has ended and will not come back.
  mailbox_full,       ///< The mailbox was at its capacity and its policy is to reject.
  reply_dropped,      ///< The actor let go of the `Reply` without answering it.
  deadlock,           ///< The ask would have closed a circle of actors that wait for one another.
  storage_failed,     ///< A write or flush failed; what is on the disk shows when it is read back.
  storage_full,       ///< There is no room for what was to be written; nothing was, and it can be tried again.
  invalid_argument,   ///< A caller's argument cannot be used; the message says which and why.
  data_damaged,       ///< Stored data failed its checks; nothing was overwritten.
  directory_locked,   ///< Another process, or an earlier incarnation, holds the data directory.
  not_installed,      ///< The process-wide system, or a name, was used before it was installed.
  already_installed,  ///< The process-wide system was installed twice, or a name given twice.
};

/// The number of codes; a table with one entry for each is checked against it.
inline constexpr std::size_t error_code_count = 14;

/// The code's name as written in the enumeration ("mailbox_full"). Static storage.
[[nodiscard]] std::string_view name_of(ErrorCode code) noexcept;

/// What went wrong: a code to act on and a sentence to show.
class [[nodiscard]] Error {
 public:
  /// An error whose message is the code's standard sentence. No allocation.
  Error(ErrorCode code) noexcept;  // NOLINT(google-explicit-constructor): a code is an error
  /// An error with a message of its own. Allocates once; copies share it.
  Error(ErrorCode code, std::string_view message);

  Error(const Error& other) noexcept;
  Error(Error&& other) noexcept;
  Error& operator=(const Error& other) noexcept;
  Error& operator=(Error&& other) noexcept;
  ~Error();

  [[nodiscard]] ErrorCode code() const noexcept;
  /// One sentence without a trailing newline, for logs and people. Valid as long as this object.
  [[nodiscard]] std::string_view message() const noexcept;

  friend bool operator==(const Error& error, ErrorCode code) noexcept { return error.code() == code; }

 private:
  struct Description;
  explicit Error(const Description* description) noexcept : description_(description) {}
  static const Description* standard(ErrorCode code) noexcept;
  static void retain(const Description* description) noexcept;
  static void release(const Description* description) noexcept;

  const Description* description_;
};

/// A value, or the error that kept it from being made.
template <typename T>
using Result = std::expected<T, Error>;

/// Shorthand for `std::unexpected(Error(code, message))`.
[[nodiscard]] inline std::unexpected<Error> failure(ErrorCode code, std::string_view message) {
  return std::unexpected(Error(code, message));
}
/// Shorthand for `std::unexpected(Error(code))`. No allocation.
[[nodiscard]] inline std::unexpected<Error> failure(ErrorCode code) noexcept { return std::unexpected(Error(code)); }

}  // namespace understudy
