#include "server/slow_log.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::size_t words_kept_max = 32;
constexpr std::size_t word_bytes_kept_max = 128;

std::string shorten(BytesView word) {
  if (word.size() <= word_bytes_kept_max) return std::string(word);
  return fmt::format("{}... ({} more bytes)", word.substr(0, word_bytes_kept_max), word.size() - word_bytes_kept_max);
}

std::vector<std::string> shorten(Arguments words) {
  std::vector<std::string> kept;
  const bool all = words.size() <= words_kept_max;
  const std::size_t count = all ? words.size() : words_kept_max - 1;
  for (const BytesView word : words.first(count)) kept.push_back(shorten(word));
  if (!all) kept.push_back(fmt::format("... ({} more arguments)", words.size() - count));
  return kept;
}

}  // namespace

void SlowLog::add(WallTime when, std::chrono::microseconds took, Arguments words, std::string peer,
                  std::string client_name) {
  Entry entry{.number = 0,
              .when = when,
              .took = took,
              .words = shorten(words),
              .peer = std::move(peer),
              .client_name = std::move(client_name)};
  const std::scoped_lock lock(mutex_);
  entry.number = next_number_++;
  entries_.push_front(std::move(entry));
  while (entries_.size() > length_max_) entries_.pop_back();
}

std::vector<SlowLog::Entry> SlowLog::newest(std::size_t count) const {
  const std::scoped_lock lock(mutex_);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(count, entries_.size()));
  return {entries_.begin(), end};
}

std::size_t SlowLog::length() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

void SlowLog::clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
}

std::size_t SlowLog::length_max() const {
  const std::scoped_lock lock(mutex_);
  return length_max_;
}

void SlowLog::set_length_max(std::size_t length) {
  const std::scoped_lock lock(mutex_);
  length_max_ = length;
  while (entries_.size() > length_max_) entries_.pop_back();
}

}  // namespace understudy::server
