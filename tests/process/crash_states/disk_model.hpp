// What a disk may hold after a crash, at any point of a recording.
//
// Promised is: what a file held when a flush of it was begun that has ended well; and the changes to the directory that
// were made before a flush of the directory was begun that has ended well. Of everything later any part may be there:
// - of writes, cuts and reserved room of a file: nothing, all, a beginning (the last write torn at any byte), or each
//   sector of 512 bytes kept, lost or filled with garbage and the file's length anywhere in between; or the new length
//   and zeros, as file systems leave it that allocate late. Bytes that had been flushed are never touched;
// - of changes to the directory: a beginning, in order. Files and directory are independent of each other.
// After a flush that failed, another one that succeeds promises nothing for what the first should have flushed, as on
// Linux, until the cache was forgotten and the file read again.
//
// Threads: one.
#pragma once

#include "process/crash_states/recorded_events.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/random.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::process_test {

using Files = std::map<std::string, Bytes>;

enum class Fate : std::uint8_t {
  nothing,     ///< Of what was not flushed nothing is there.
  everything,  ///< All of it.
  by_chance,   ///< For each file and for the directory one of the above, drawn.
};

class DiskModel {
 public:
  /// Throws std::runtime_error for an event that can't be, so that no recording is misunderstood in silence.
  void apply(const Event& event);
  /// Whether an event changes what a crash may leave.
  [[nodiscard]] static bool matters(EventKind kind) noexcept;

  /// Whether a crash now can leave more than one state.
  [[nodiscard]] bool has_unflushed() const;
  /// A state that a crash now may leave.
  [[nodiscard]] Files after_crash(Fate fate, Random& random) const;
  /// What reads see now.
  [[nodiscard]] Files seen() const;

 private:
  struct Change {
    EventKind kind{};
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    BytesView bytes;
    bool doubtful = false;            // a flush that should have flushed it has failed
    bool flushed_afterwards = false;  // and a later one has not
  };
  struct File {
    Bytes seen;
    Bytes durable;
    std::deque<Change> unflushed;
    std::uint64_t settled = 0;  // changes that are not in `unflushed` any more: numbers go on
  };
  struct DirectoryChange {
    EventKind kind{};
    std::string name;
    std::string new_name;
    std::shared_ptr<File> file;
  };
  using Entries = std::map<std::string, std::shared_ptr<File>>;
  struct BegunFlush {
    std::shared_ptr<File> file;
    std::uint64_t up_to = 0;
  };

  [[nodiscard]] std::shared_ptr<File> file_of(const Event& event) const;
  void change_file(const Event& event);
  void end_flush(const Event& event, bool good);
  static void settle(File& file, std::uint64_t up_to);
  static void doubt(File& file, std::uint64_t up_to);
  static void trust(File& file);
  void change_directory(const Event& event);
  void end_directory_flush(const Event& event, bool good);
  static void make(Entries& entries, const DirectoryChange& change);
  static void make(Bytes& content, const Change& change);

  [[nodiscard]] static Bytes torn(const File& file, Random& random);
  [[nodiscard]] static Bytes cut_anywhere(const File& file, Random& random);
  [[nodiscard]] static Bytes in_sectors(const File& file, Random& random);

  std::map<std::uint64_t, std::shared_ptr<File>> files_;  // by inode
  Entries seen_;
  Entries durable_;
  std::deque<DirectoryChange> unflushed_;
  std::uint64_t settled_ = 0;
  std::map<std::uint64_t, BegunFlush> begun_;               // by thread
  std::map<std::uint64_t, std::uint64_t> directory_begun_;  // by thread
  bool made_here_ = false;                                  // the directory itself is new
  bool entry_durable_ = false;                              // and stands in the folder around it for good
};

}  // namespace understudy::process_test
