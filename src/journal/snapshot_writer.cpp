#include "journal/checksum.hpp"
#include "journal/record_codec.hpp"
#include "journal/snapshot_name.hpp"
#include "journal/snapshot_reader.hpp"
#include "journal/snapshot_state.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <utility>

#include <zstd.h>

namespace understudy {

namespace {

constexpr std::size_t block_bytes = std::size_t{256} << 10U;
/// Fast: the disk is to be the limit, not the compressor.
constexpr int compression_level = 1;
/// Flushed as it grows: a disk that is given all of it at the end holds up whoever else writes to it.
constexpr std::uint64_t unflushed_bytes_max = std::uint64_t{1} << 20U;
/// Kept between blocks: no more than a usual block needs.
constexpr std::size_t kept_bytes_max = 4 * block_bytes;

void clear(Bytes& bytes) {
  if (bytes.capacity() > kept_bytes_max) bytes = Bytes();
  bytes.clear();
}

}  // namespace

SnapshotWriter::State::State(std::unique_ptr<StorageFile> opened, const journal::SnapshotHead& its_head)
    : file(std::move(opened)), head(its_head), chain_(its_head.checksum), compressor_(ZSTD_createCCtx()) {
  if (compressor_ == nullptr) throw std::bad_alloc();
}

SnapshotWriter::State::~State() { ZSTD_freeCCtx(compressor_); }

Result<std::unique_ptr<SnapshotWriter::State>> SnapshotWriter::State::create(Storage& storage,
                                                                             const journal::SnapshotHead& head) {
  auto file = storage.create(journal::unfinished_snapshot_name(head.covers));
  if (!file) return std::unexpected(file.error());
  journal::SnapshotHead written = head;
  std::array<char, journal::snapshot_layout::bytes> bytes{};
  encode(written, bytes);
  std::unique_ptr<State> state(new State(std::move(*file), written));
  if (auto appended = state->append(BytesView(bytes.data(), bytes.size())); !appended) {
    return std::unexpected(appended.error());
  }
  return state;
}

std::unexpected<Error> SnapshotWriter::State::end(Error reason) {
  ended = std::move(reason);
  return std::unexpected(*ended);
}

Result<void> SnapshotWriter::State::append(BytesView what) {
  if (auto written = file->append(what); !written) return end(written.error());
  bytes += what.size();
  if (bytes - flushed_bytes_ < unflushed_bytes_max) return {};
  if (auto flushed = file->flush(); !flushed) return end(flushed.error());
  flushed_bytes_ = bytes;
  return {};
}

Result<void> SnapshotWriter::State::add(RecordKind kind, BytesView payload) {
  if (ended) return std::unexpected(*ended);
  if (payload.size() > payload_bytes_max) {
    return failure(ErrorCode::invalid_argument, "a record's payload of " + std::to_string(payload.size()) +
                                                    " bytes is more than the " + std::to_string(payload_bytes_max) +
                                                    " that a snapshot takes");
  }
  // A large record gets a block of its own: what is written at once stays small otherwise.
  if (count_ != 0 && raw_.size() + payload.size() > block_bytes) {
    if (auto written = write_block(); !written) return written;
  }
  journal::append_record(raw_, kind, payload);
  ++count_;
  ++records;
  return raw_.size() >= block_bytes ? write_block() : Result<void>{};
}

Result<void> SnapshotWriter::State::write_block() {
  if (count_ == 0) return {};
  constexpr std::size_t header_bytes = journal::block_layout::header_bytes;
  packed_.resize(header_bytes + ZSTD_compressBound(raw_.size()));
  const std::size_t packed =
      ZSTD_compressCCtx(compressor_, packed_.data() + header_bytes, packed_.size() - header_bytes, raw_.data(),
                        raw_.size(), compression_level);
  journal::BlockHeader header;
  header.count = count_;
  header.raw_bytes = raw_.size();
  if (ZSTD_isError(packed) == 0U && packed < raw_.size()) {
    header.stored_bytes = packed;
  } else {
    header.stored_bytes = raw_.size();
    std::ranges::copy(raw_, packed_.begin() + header_bytes);
  }
  packed_.resize(header_bytes + header.stored_bytes);
  header.previous = chain_;
  const std::uint64_t seed = journal::batch_seed(head.checksum, bytes);
  header.body_checksum = journal::checksum(BytesView(packed_).substr(header_bytes), seed);
  encode(header, seed, std::span<char, header_bytes>(packed_.data(), header_bytes));
  chain_ = header.checksum;
  count_ = 0;
  clear(raw_);
  auto written = append(packed_);
  clear(packed_);
  return written;
}

Result<void> SnapshotWriter::State::seal(Lsn end_lsn) {
  if (ended) return std::unexpected(*ended);
  if (end_lsn < head.covers) {
    return failure(ErrorCode::invalid_argument, "a snapshot that covers LSN " + std::to_string(head.covers) +
                                                    " can't have ended at LSN " + std::to_string(end_lsn));
  }
  if (auto written = write_block(); !written) return written;
  journal::SnapshotEnd mark{.records = records, .end_lsn = end_lsn, .previous = chain_};
  std::array<char, journal::end_layout::bytes> encoded{};
  encode(mark, journal::batch_seed(head.checksum, bytes), encoded);
  if (auto written = append(BytesView(encoded.data(), encoded.size())); !written) return written;
  if (auto flushed = file->flush(); !flushed) return end(flushed.error());
  // What is read back must come from the disk: what is written wrongly is found out while the segments are still there.
  if (auto forgotten = file->forget_cache(); !forgotten) return end(forgotten.error());
  if (auto checked = check_what_is_there(); !checked) return end(checked.error());
  sealed_at = end_lsn;
  ended = Error(ErrorCode::storage_failed, "the snapshot is finished");
  return {};
}

Result<void> SnapshotWriter::State::check_what_is_there() {
  const std::string name = file->name();
  auto reader = journal::SnapshotReader::open(std::move(file));
  if (!reader) return std::unexpected(reader.error());
  const auto damaged = [&name](std::uint64_t offset, const std::string& what) {
    return failure(ErrorCode::data_damaged,
                   name + ", offset " + std::to_string(offset) + ": what was written is not what is read: " + what);
  };
  auto read = reader->read_head();
  if (!read) return std::unexpected(read.error());
  if (!*read || (*read)->checksum != head.checksum) return damaged(0, "the head fails its checksum");
  while (true) {
    auto step = reader->next();
    if (!step) return std::unexpected(step.error());
    if (const auto* damage = std::get_if<journal::Damage>(&*step)) return damaged(damage->offset, damage->reason);
    if (const auto* mark = std::get_if<journal::SnapshotEnd>(&*step)) {
      if (mark->records != records || reader->file_bytes() != bytes) return damaged(0, "it has another length");
      return {};
    }
  }
}

SnapshotWriter::SnapshotWriter(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
SnapshotWriter::~SnapshotWriter() = default;
Result<void> SnapshotWriter::add(RecordKind kind, BytesView payload) { return state_->add(kind, payload); }
Result<void> SnapshotWriter::seal(Lsn end_lsn) { return state_->seal(end_lsn); }
Lsn SnapshotWriter::covers() const noexcept { return state_->head.covers; }
std::uint64_t SnapshotWriter::records() const noexcept { return state_->records; }
std::uint64_t SnapshotWriter::bytes() const noexcept { return state_->bytes; }

}  // namespace understudy
