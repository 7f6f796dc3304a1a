// Feeds start-up and scan any bytes as a snapshot, and holds them to more than "does not crash": only damage refuses,
// and it changes nothing; what was opened opens again with the same records; a scan shows every record that a start
// shows, and finds no damage where that finds none.
//
// Checksums would stop almost every input at the door. So the first byte chooses what they are worth: 0, the bytes are
// the file; otherwise they are fields of head, blocks and end mark, and what stands in the blocks, under checksums that
// hold.
#include "fuzz_input.hpp"
#include "journal/checksum.hpp"
#include "journal/record_codec.hpp"
#include "journal/snapshot_codec.hpp"
#include "journal/snapshot_name.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/scan.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <zstd.h>

namespace {

using namespace understudy;
using namespace understudy::journal;
using fuzz::hold;
using fuzz::Input;

constexpr Lsn covers = 7;
using Entries = std::vector<std::pair<RecordKind, Bytes>>;

Bytes compressed(BytesView raw) {
  Bytes packed(ZSTD_compressBound(raw.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
  return packed;
}

/// A snapshot whose checksums hold, and whose fields are nearly right, or not, as the input says.
Bytes snapshot_from(Input input) {
  SnapshotHead head;
  head.version = input.byte() == 255 ? snapshot_version + 1 : snapshot_version;
  head.covers = input.byte() == 255 ? 8 : covers;
  head.link_lsn = covers;
  std::array<char, snapshot_layout::bytes> head_bytes{};
  encode(head, head_bytes);
  Bytes content(head_bytes.data(), head_bytes.size());
  std::uint64_t chain = head.checksum;
  std::uint64_t records = 0;
  while (!input.empty()) {
    const std::uint8_t oddity = input.byte();
    const BytesView payload = input.take(input.byte());
    Bytes raw;
    append_record(raw, RecordKind{oddity}, payload);
    if (oddity % 2 == 1) append_record(raw, RecordKind{1}, Bytes(200, 'z'));
    const std::uint64_t seed = batch_seed(head.checksum, content.size());
    const Bytes packed = compressed(raw);
    const bool smaller = packed.size() < raw.size();
    Bytes body = smaller ? packed : raw;
    if (oddity == 1) body = payload;
    if (oddity == 2 && !body.empty()) body[input.byte() % body.size()] ^= 1;
    BlockHeader header;
    header.count = oddity == 3 ? input.byte() : 1 + oddity % 2;
    header.raw_bytes = oddity == 4 ? std::uint64_t{1} << (input.byte() % 64U) : raw.size();
    header.stored_bytes = oddity == 5 ? std::uint64_t{1} << (input.byte() % 64U) : body.size();
    header.previous = oddity == 6 ? input.byte() : chain;
    header.body_checksum = checksum(body, seed) + (oddity == 7 ? 1 : 0);
    std::array<char, block_layout::header_bytes> bytes{};
    encode(header, seed, bytes);
    if (oddity == 8) bytes[input.byte() % bytes.size()] ^= 1;
    chain = header.checksum;
    records += header.count;
    content.append(bytes.data(), bytes.size()).append(body);
    if (oddity == 9) content.append(input.take(input.byte()));
    if (oddity == 10) content.resize(content.size() - input.byte() % body.size());
    if (oddity == 11) return content;
  }
  SnapshotEnd end{.records = records, .end_lsn = covers, .previous = chain};
  std::array<char, end_layout::bytes> bytes{};
  encode(end, batch_seed(head.checksum, content.size()), bytes);
  return content.append(bytes.data(), bytes.size());
}

struct Found final : JournalScan {
  Result<void> on_record(const ScannedFile& /*file*/, std::uint64_t /*offset*/, const Record& record) override {
    entries.emplace_back(record.kind, record.payload);
    return {};
  }
  void on_damage(const ScannedDamage& damage) override {
    hold(!damage.what.empty(), "damage is said in words");
    ++damages;
  }
  void on_file(const ScannedFile& /*file*/) override {}

  Entries entries;
  std::size_t damages = 0;
};

struct Outcome {
  Result<std::unique_ptr<Journal>> journal;
  Entries entries;
};

Outcome open(SimulatedDisk& disk) {
  SeededRandom random(1);
  Entries entries;
  auto journal = Journal::open(disk.attach(), {.random = &random}, [&](const Record& record) -> Result<void> {
    entries.emplace_back(record.kind, record.payload);
    return {};
  });
  return {std::move(journal), std::move(entries)};
}

void check_start(Lsn by_name, BytesView content) {
  SimulatedDisk disk(1);
  disk.place(snapshot_name(by_name), content);
  Found found;
  hold(scan_journal(*disk.attach(), found).has_value(), "damage is no error of a scan");
  const auto before = disk.files();
  Entries entries;
  {
    auto first = open(disk);
    if (!first.journal) {
      hold(first.journal.error() == ErrorCode::data_damaged, "only damage refuses");
      hold(disk.files() == before, "a refusal changes nothing");
      return;
    }
    hold(found.damages == 0, "what a start takes, a scan finds nothing wrong with");
    hold(found.entries == first.entries, "a scan shows what a start shows");
    entries = std::move(first.entries);
    hold((*first.journal)->add(RecordKind{1}, "more").has_value(), "an open journal takes records");
    hold((*first.journal)->close().has_value(), "an open journal closes");
  }
  auto second = open(disk);
  hold(second.journal.has_value(), "what was opened opens again");
  entries.emplace_back(RecordKind{1}, "more");
  hold(second.entries == entries, "every start shows the same records");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name for it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(BytesView(reinterpret_cast<const char*>(data), size));
  if (input.byte() != 0) {
    check_start(covers, snapshot_from(input));
    return 0;
  }
  const BytesView content = input.take(size);
  std::optional<SnapshotHead> head;
  if (content.size() >= snapshot_layout::bytes)
    head = decode_snapshot_head(std::span<const char, snapshot_layout::bytes>(content.data(), snapshot_layout::bytes));
  check_start(head && head->covers != 0 ? head->covers : covers, content);
  return 0;
}
