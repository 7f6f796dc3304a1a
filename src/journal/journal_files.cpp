#include "journal/journal_files.hpp"

#include "journal/segment_name.hpp"
#include "journal/snapshot_name.hpp"

#include <algorithm>
#include <utility>

namespace understudy::journal {

std::vector<std::string> JournalFiles::names_to_read() const {
  std::vector<std::string> names;
  if (const auto newest = newest_snapshot()) names.push_back(snapshot_name(*newest));
  for (const std::uint64_t number : segments) names.push_back(segment_name(number));
  return names;
}

Result<JournalFiles> list_journal_files(Storage& storage) {
  auto names = storage.list();
  if (!names) return std::unexpected(names.error());
  JournalFiles files;
  for (std::string& name : *names) {
    if (const auto number = segment_number(name)) files.segments.push_back(*number);
    if (const auto covers = snapshot_covers(name)) files.snapshots.push_back(*covers);
    if (is_unfinished_snapshot(name)) files.unfinished.push_back(std::move(name));
  }
  std::ranges::sort(files.segments);
  std::ranges::sort(files.snapshots);
  return files;
}

}  // namespace understudy::journal
