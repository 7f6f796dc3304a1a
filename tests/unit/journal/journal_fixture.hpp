// A journal on a simulated disk, and what came out of it, in few words.
#pragma once

#include "understudy/base/random.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::journal_test {

/// A record that owns its payload.
struct Entry {
  Lsn lsn = 0;
  unsigned kind = 0;
  std::string payload;

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// What opening a journal gave: the journal or an error, and the records it replayed.
struct Opened {
  Result<std::unique_ptr<Journal>> journal;
  std::vector<Entry> entries;

  [[nodiscard]] bool good() const { return journal.has_value(); }
  Journal& operator*() { return **journal; }
  Journal* operator->() { return journal->get(); }
  [[nodiscard]] std::string message() const { return good() ? "" : std::string(journal.error().message()); }
  [[nodiscard]] const RecoveryReport& report() const { return (*journal)->recovery(); }
};

inline Opened open_journal(std::shared_ptr<Storage> storage, std::uint64_t segment_bytes_max = 1 << 20) {
  SeededRandom random(7);
  std::vector<Entry> entries;
  auto journal = Journal::open(
      std::move(storage), {.segment_bytes_max = segment_bytes_max, .reserved_bytes = 1000, .random = &random},
      [&](const Record& record) -> Result<void> {
        entries.push_back({record.lsn, static_cast<unsigned>(record.kind), Bytes(record.payload)});
        return {};
      });
  return {std::move(journal), std::move(entries)};
}

inline Opened open_journal(SimulatedDisk& disk, std::uint64_t segment_bytes_max = 1 << 20) {
  return open_journal(disk.attach(), segment_bytes_max);
}

/// Adds the payloads as one batch, and commits it.
inline Result<void> write(Journal& journal, const std::vector<std::string>& payloads) {
  for (const std::string& payload : payloads) {
    if (auto added = journal.add(RecordKind{1}, payload); !added) return std::unexpected(added.error());
  }
  return journal.commit();
}

/// The same, flushed.
inline Result<void> write_flushed(Journal& journal, const std::vector<std::string>& payloads) {
  if (auto written = write(journal, payloads); !written) return written;
  return journal.flush();
}

inline std::vector<std::string> payloads_of(const std::vector<Entry>& entries) {
  std::vector<std::string> payloads;
  for (const Entry& entry : entries) payloads.push_back(entry.payload);
  return payloads;
}

/// The records, if they are those that `all` begins with, each with its right LSN.
inline bool is_prefix(const std::vector<Entry>& entries, const std::vector<std::string>& all) {
  if (entries.size() > all.size()) return false;
  for (std::size_t index = 0; index < entries.size(); ++index) {
    if (entries[index].lsn != index + 1 || entries[index].payload != all[index]) return false;
  }
  return true;
}

inline void put(SimulatedDisk& disk, const std::map<std::string, Bytes>& files) {
  for (const auto& [name, content] : files) disk.place(name, content);
}

using Payloads = std::vector<std::string>;

inline const std::string first_segment = "journal-0000000001.log";
inline const std::string second_segment = "journal-0000000002.log";
inline const std::string third_segment = "journal-0000000003.log";

}  // namespace understudy::journal_test
