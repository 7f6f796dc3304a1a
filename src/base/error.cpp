#include "understudy/base/error.hpp"

#include <array>
#include <atomic>

namespace understudy {

struct Error::Description {
  ErrorCode code;
  // Owners of a counted description. A static one is never counted: `counted` is false and the field is not touched.
  // Retain is relaxed (the copier already holds one); release pairs with itself so that the last owner sees all uses.
  mutable std::atomic<std::uint32_t> owners{1};
  bool counted = false;
  std::string message;
};

namespace {

struct Entry {
  ErrorCode code;
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array<Entry, error_code_count> table{{
    {ErrorCode::timeout, "timeout", "no answer came before the deadline"},
    {ErrorCode::cancelled, "cancelled", "the request was cancelled"},
    {ErrorCode::actor_crashed, "actor_crashed", "the actor failed while it handled the message"},
    {ErrorCode::actor_stopped, "actor_stopped", "the actor has stopped"},
    {ErrorCode::mailbox_full, "mailbox_full", "the mailbox is full"},
    {ErrorCode::reply_dropped, "reply_dropped", "the actor dropped the reply without answering"},
    {ErrorCode::deadlock, "deadlock", "the request would close a circle of actors that wait for one another"},
    {ErrorCode::storage_failed, "storage_failed", "a write or flush failed"},
    {ErrorCode::storage_full, "storage_full", "there is no room left to write to"},
    {ErrorCode::invalid_argument, "invalid_argument", "an argument cannot be used"},
    {ErrorCode::data_damaged, "data_damaged", "stored data is damaged"},
    {ErrorCode::directory_locked, "directory_locked", "the data directory is in use"},
    {ErrorCode::not_installed, "not_installed", "no process-wide system is installed"},
    {ErrorCode::already_installed, "already_installed", "a process-wide system is already installed"},
}};

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].code) != i) return false;
  }
  return true;
}
static_assert(table_is_in_order());

}  // namespace

std::string_view name_of(ErrorCode code) noexcept { return table[static_cast<std::size_t>(code)].name; }

const Error::Description* Error::standard(ErrorCode code) noexcept {
  // Leaked on purpose: errors may be copied by threads that outlive static destruction.
  static const auto* const descriptions = [] {
    auto* made = new std::array<Description, error_code_count>{};
    for (const Entry& entry : table) {
      Description& description = (*made)[static_cast<std::size_t>(entry.code)];
      description.code = entry.code;
      description.message = entry.sentence;
    }
    return made;
  }();
  return &(*descriptions)[static_cast<std::size_t>(code)];
}

void Error::retain(const Description* description) noexcept {
  if (description->counted) description->owners.fetch_add(1, std::memory_order_relaxed);
}

void Error::release(const Description* description) noexcept {
  if (description == nullptr || !description->counted) return;
  if (description->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete description;
}

Error::Error(ErrorCode code) noexcept : description_(standard(code)) {}

Error::Error(ErrorCode code, std::string_view message) {
  auto* made = new Description;
  made->code = code;
  made->counted = true;
  made->message = message;
  description_ = made;
}

Error::Error(const Error& other) noexcept : description_(other.description_) { retain(description_); }
// A moved-from error keeps its code, so that it never points to nothing.
Error::Error(Error&& other) noexcept
    : description_(std::exchange(other.description_, standard(other.description_->code))) {}
Error& Error::operator=(const Error& other) noexcept {
  retain(other.description_);
  release(std::exchange(description_, other.description_));
  return *this;
}
Error& Error::operator=(Error&& other) noexcept {
  std::swap(description_, other.description_);
  return *this;
}
Error::~Error() { release(description_); }

ErrorCode Error::code() const noexcept { return description_->code; }
std::string_view Error::message() const noexcept { return description_->message; }

}  // namespace understudy
