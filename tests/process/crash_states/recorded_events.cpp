#include "process/crash_states/recorded_events.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace understudy::process_test {

namespace {

constexpr std::array<std::string_view, 19> names{"nothing",
                                                 "the process begins",
                                                 "the directory was made",
                                                 "the folder around it was flushed",
                                                 "a file made",
                                                 "a file renamed",
                                                 "a file removed",
                                                 "written",
                                                 "resized",
                                                 "reserved",
                                                 "a flush begins",
                                                 "flushed",
                                                 "a flush fails",
                                                 "the cache forgotten",
                                                 "a directory flush begins",
                                                 "the directory flushed",
                                                 "a directory flush fails",
                                                 "replied",
                                                 "not understood"};

}  // namespace

RecordedEvents::RecordedEvents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  content_.assign(std::istreambuf_iterator<char>(file), {});
  BytesView rest = content_;
  while (rest.size() >= sizeof(EventHead)) {
    Event event;
    std::memcpy(&event.head, rest.data(), sizeof event.head);
    const auto kind = static_cast<std::size_t>(event.head.kind);
    if (kind == 0 || kind >= names.size()) throw std::runtime_error(path + " is no recording");
    if (rest.size() < sizeof event.head + event.head.text_bytes) break;
    event.text = rest.substr(sizeof event.head, event.head.text_bytes);
    rest.remove_prefix(sizeof event.head + event.head.text_bytes);
    events_.push_back(event);
  }
}

std::string in_words(const Event& event) {
  const std::string_view name = names.at(static_cast<std::size_t>(event.head.kind));
  const std::uint64_t size = event.head.size != 0 ? event.head.size : event.text.size();
  return fmt::format("{}, file {}, {} bytes at {}", name, event.head.file, size, event.head.offset);
}

}  // namespace understudy::process_test
