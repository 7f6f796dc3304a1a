// Feeds start-up any bytes as a journal, and holds it to more than "does not crash": LSNs come out without a gap; a
// refusal changes nothing; and what was opened opens again with the same records and nothing left to cut.
//
// Checksums would stop almost every input at the door. So the first byte chooses what they are worth: 0, the bytes are
// the file; 1, they are the body of a batch; otherwise they are fields of batch headers and bodies, under checksums
// that hold.
#include "fuzz_input.hpp"
#include "journal/checksum.hpp"
#include "journal/record_codec.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace understudy;
using namespace understudy::journal;
using fuzz::hold;
using fuzz::Input;

const std::string segment = "journal-0000000001.log";
using Entries = std::vector<std::pair<Lsn, Bytes>>;

/// A segment whose checksums hold, and whose fields are nearly right, or not, as the input says.
Bytes segment_from(Input input) {
  SegmentHead head;
  const std::uint8_t version = input.byte();
  head.version = version == 255 ? format_version + 1 : version == 254 ? 1 : format_version;
  head.number = 1;
  head.first_lsn = input.byte() == 255 ? 2 : 1;
  std::array<char, head_layout::bytes> head_bytes{};
  encode(head, head_bytes);
  Bytes content(head_bytes.data(), head_bytes.size());
  Lsn next_lsn = 1;
  std::uint64_t chain = head.checksum;
  while (!input.empty()) {
    const std::uint8_t oddity = input.byte();
    const BytesView payload = input.take(input.byte());
    Bytes body;
    if (oddity == 1) {
      body = payload;
    } else {
      append_record(body, RecordKind{oddity}, payload);
    }
    const std::uint64_t seed = batch_seed(head.checksum, content.size());
    BatchHeader header;
    header.count = oddity == 2 ? input.byte() : 1;
    header.body_bytes = oddity == 3 ? std::uint64_t{1} << (input.byte() % 64U) : body.size();
    header.first_lsn = oddity == 4 ? input.byte() : next_lsn;
    header.durable_lsn = oddity == 5 ? input.byte() : next_lsn - 1;
    header.previous = oddity == 6 ? input.byte() : chain;
    header.body_checksum = checksum(body, seed) + (oddity == 7 ? 1 : 0);
    std::array<char, batch_layout::header_bytes> bytes{};
    encode(header, seed, bytes);
    if (oddity == 8) bytes[input.byte() % bytes.size()] ^= 1;
    chain = header.checksum;
    next_lsn += header.count;
    content.append(bytes.data(), bytes.size()).append(body);
    if (oddity == 9) content.append(input.take(input.byte()));
    if (oddity == 10) content.resize(content.size() - input.byte() % body.size());
  }
  return content;
}

struct Outcome {
  Result<std::unique_ptr<Journal>> journal;
  Entries entries;
};

Outcome open(SimulatedDisk& disk) {
  SeededRandom random(1);
  Entries entries;
  auto journal = Journal::open(disk.attach(), {.random = &random}, [&](const Record& record) -> Result<void> {
    entries.emplace_back(record.lsn, record.payload);
    return {};
  });
  return {std::move(journal), std::move(entries)};
}

void check_start(BytesView content) {
  SimulatedDisk disk(1);
  disk.place(segment, content);
  Entries entries;
  {
    auto first = open(disk);
    if (!first.journal) {
      hold(first.journal.error() == ErrorCode::data_damaged, "only damage refuses");
      hold(disk.files().at(segment) == content, "a refusal changes nothing");
      return;
    }
    entries = std::move(first.entries);
    for (std::size_t index = 0; index < entries.size(); ++index) {
      hold(entries[index].first == index + 1, "LSNs count up from 1");
    }
    hold((*first.journal)->last_lsn() == entries.size(), "the journal goes on after the last record");
    hold((*first.journal)->add(RecordKind{1}, "more").has_value(), "an open journal takes records");
    hold((*first.journal)->close().has_value(), "an open journal closes");
  }
  auto second = open(disk);
  hold(second.journal.has_value(), "what was opened opens again");
  hold(!(*second.journal)->recovery().torn_tail, "what was cut is gone");
  entries.emplace_back(entries.size() + 1, "more");
  hold(second.entries == entries, "every start shows the same records");
}

void check_body(BytesView body) {
  for (std::uint32_t count = 0; count < 4; ++count) {
    if (!is_whole(body, count)) continue;
    std::size_t bytes = 0;
    const auto replayed = replay_records(body, 1, [&](const Record& record) -> Result<void> {
      bytes += record.payload.size() + record_layout::header_bytes;
      return {};
    });
    hold(replayed.has_value() && bytes == body.size(), "the records of a whole body fill it");
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name for it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(BytesView(reinterpret_cast<const char*>(data), size));
  switch (input.byte()) {
    case 0:
      check_start(input.take(size));
      break;
    case 1:
      check_body(input.take(size));
      break;
    default:
      check_start(segment_from(input));
  }
  return 0;
}
