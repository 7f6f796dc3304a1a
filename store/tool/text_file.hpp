// Files that are read from their beginning to their end, or written so: those that import and export are given.
//
// Threads: one uses an object.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace understudy::tool {

/// "-" is standard input.
class InputFile {
 public:
  static Result<std::unique_ptr<InputFile>> open(const std::string& path);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  /// The next piece, of up to 1 MiB, valid until the next call; empty at the end.
  Result<BytesView> next();
  /// Of a regular file: then it can be read once more, from the beginning.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }
  Result<void> rewind();
  /// How it is called in messages.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  InputFile(int handle, std::string name) : handle_(handle), name_(std::move(name)) {}

  const int handle_;
  const std::string name_;
  std::optional<std::uint64_t> size_;
  std::string piece_;
};

/// A file that gets its name when it is complete and on the disk, and is removed if that never happens. "-" is standard
/// output, which is written at once.
class OutputFile {
 public:
  enum class Readers : std::uint8_t {
    all,    ///< Whom the user's own mask lets.
    owner,  ///< Nobody else: it holds secrets.
  };
  static Result<std::unique_ptr<OutputFile>> create(const std::string& path, Readers readers = Readers::all);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  Result<void> append(BytesView bytes);
  /// Gives it its name. `replace`: a file of that name goes. Otherwise it stays, and this fails.
  Result<void> finish(bool replace);

 private:
  OutputFile(int handle, std::string path, std::string temporary)
      : handle_(handle), path_(std::move(path)), temporary_(std::move(temporary)) {}

  const int handle_;
  const std::string path_;
  const std::string temporary_;  // Empty: standard output.
};

}  // namespace understudy::tool
