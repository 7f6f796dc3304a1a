#include "tool/entry_format.hpp"

#include "tool/data_json.hpp"
#include "tool/json_lines.hpp"

#include <utility>

#include <fmt/format.h>

namespace understudy::tool {

Result<EntryFormat> format_of(std::string_view wanted, std::string_view file) {
  if (wanted == "json") return EntryFormat::json;
  if (wanted == "jsonl") return EntryFormat::jsonl;
  if (!wanted.empty()) {
    return failure(ErrorCode::invalid_argument, fmt::format("'{}' is no format: say json or jsonl", wanted));
  }
  return file.ends_with(".jsonl") || file.ends_with(".ndjson") ? EntryFormat::jsonl : EntryFormat::json;
}

std::unique_ptr<store::EntryReader> make_reader(EntryFormat format, store::TakeEntry take) {
  if (format == EntryFormat::jsonl) return std::make_unique<store::JsonLinesReader>(std::move(take));
  return std::make_unique<store::DataJsonReader>(std::move(take));
}

std::unique_ptr<store::EntryWriter> make_writer(EntryFormat format, std::string& out) {
  if (format == EntryFormat::jsonl) return std::make_unique<store::JsonLinesWriter>(out);
  return std::make_unique<store::DataJsonWriter>(out);
}

}  // namespace understudy::tool
