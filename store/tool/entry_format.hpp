// The forms in which the store's content is written: data.json and JSON lines.
#pragma once

#include "tool/entry_stream.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace understudy::tool {

enum class EntryFormat : std::uint8_t { json, jsonl };

/// `wanted`: "json", "jsonl", or empty: then the file's name decides: JSON lines if it ends in .jsonl or .ndjson,
/// data.json otherwise. Fails with invalid_argument.
[[nodiscard]] Result<EntryFormat> format_of(std::string_view wanted, std::string_view file);
[[nodiscard]] std::unique_ptr<store::EntryReader> make_reader(EntryFormat format, store::TakeEntry take);
/// Writes to the end of `out`.
[[nodiscard]] std::unique_ptr<store::EntryWriter> make_writer(EntryFormat format, std::string& out);

}  // namespace understudy::tool
