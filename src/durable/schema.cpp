#include "understudy/durable/detail/schema.hpp"

#include <fmt/format.h>

namespace understudy::detail {

std::unexpected<Error> unknown_kind(const Record& record) {
  return failure(ErrorCode::data_damaged,
                 fmt::format("record {} is whole, but of kind {}, which this program does not know", record.lsn,
                             static_cast<unsigned>(record.kind)));
}

std::unexpected<Error> unknown_version(const Record& record, std::uint32_t found, std::uint32_t known) {
  return failure(ErrorCode::data_damaged,
                 fmt::format("record {}, of kind {}, has version {}, and this program reads versions 1 to {}: it was "
                             "written by a newer one",
                             record.lsn, static_cast<unsigned>(record.kind), found, known));
}

std::unexpected<Error> unreadable(const Record& record, std::string_view fault) {
  return failure(ErrorCode::data_damaged,
                 fmt::format("record {}, of kind {}, is whole, but not as this program writes it: {}", record.lsn,
                             static_cast<unsigned>(record.kind), fault));
}

Result<std::uint32_t> read_version(const Record& record, BytesView& fields) {
  constexpr std::size_t version_bytes = 4;
  if (fields.size() < version_bytes) return unreadable(record, "it is too short for a version");
  FieldReader reader(fields.substr(0, version_bytes), 0);
  std::uint32_t version = 0;
  reader(version);
  fields.remove_prefix(version_bytes);
  return version;
}

}  // namespace understudy::detail
