// A library for LD_PRELOAD: the system calls that change files, and those that send replies, in place of the C
// library's. Each is made as it was asked for; those on the data directory are recorded (recording.hpp), and fail when
// a rule says so (faults.hpp). Nothing else in the process is touched.
//
// What a program does by ways that are not here (mmap, io_uring, a statically linked libc) would not be recorded: so
// crash_states compares, at the end of a recording, what it has built from it with the files that are there.
#include "process/interposer/faults.hpp"
#include "process/interposer/recording.hpp"
#include "process/interposer/watched_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

using namespace understudy::process_test;

/// What a rule wants to become of a call; `-1` with errno set, `0` for a lie, nothing if the call is to be made.
std::optional<int> made_to_fail(std::string_view call) {
  const Fault fault = next_fault(call);
  if (fault.kind == FaultKind::lie) return 0;
  if (fault.kind != FaultKind::error) return std::nullopt;
  errno = fault.error_number;
  return -1;
}

std::uint64_t size_of(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// Where a write will put its bytes. Linux appends with O_APPEND whatever offset a pwrite names.
std::uint64_t place_of_write(int descriptor, std::optional<off_t> offset) {
  if ((::fcntl(descriptor, F_GETFL) & O_APPEND) != 0) return size_of(descriptor);
  if (offset) return static_cast<std::uint64_t>(*offset);
  return static_cast<std::uint64_t>(::lseek(descriptor, 0, SEEK_CUR));
}

ssize_t write_to_file(int descriptor, const void* bytes, std::size_t count, std::optional<off_t> offset) {
  const Fault fault = next_fault("write");
  if (fault.kind == FaultKind::error) {
    errno = fault.error_number;
    return -1;
  }
  if (fault.kind == FaultKind::lie) return static_cast<ssize_t>(count);
  if (fault.kind == FaultKind::short_write && count > 1) count /= 2;
  const auto lock = order_lock();
  const std::uint64_t place = place_of_write(descriptor, offset);
  const long written = offset ? ::syscall(SYS_pwrite64, descriptor, bytes, count, *offset)
                              : ::syscall(SYS_write, descriptor, bytes, count);
  if (written > 0) {
    record({.kind = EventKind::written, .file = inode_of(descriptor), .offset = place},
           {static_cast<const char*>(bytes), static_cast<std::size_t>(written)});
  }
  return written;
}

int flush(int descriptor, std::string_view call, long number) {
  const Watched what = watched(descriptor);
  const bool is_file = what == Watched::file;
  if (what == Watched::no) return static_cast<int>(::syscall(number, descriptor));
  if (what == Watched::folder_around) {
    const int done = static_cast<int>(::syscall(number, descriptor));
    const auto lock = order_lock();
    if (done == 0) record({.kind = EventKind::directory_entry_flushed});
    return done;
  }
  const std::uint64_t file = is_file ? inode_of(descriptor) : 0;
  {
    const auto lock = order_lock();
    record({.kind = is_file ? EventKind::flush_begins : EventKind::directory_flush_begins, .file = file});
  }
  const std::optional<int> failed = made_to_fail(call);
  const int done = failed ? *failed : static_cast<int>(::syscall(number, descriptor));
  const int reason = errno;
  const EventKind good = is_file ? EventKind::flushed : EventKind::directory_flushed;
  const EventKind bad = is_file ? EventKind::flush_failed : EventKind::directory_flush_failed;
  {
    const auto lock = order_lock();
    record({.kind = done == 0 && !failed ? good : bad, .file = file});
  }
  errno = reason;
  return done;
}

int open_file(int at, const char* path, int flags, mode_t mode) {
  const std::optional<std::string> name = watched_name(at, path);
  const auto lock = name ? order_lock() : std::unique_lock<std::mutex>();
  const bool makes = name && (flags & O_CREAT) != 0 && ::faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
  if (makes) {
    if (const auto failed = made_to_fail("openat")) return *failed;
  }
  const int opened = static_cast<int>(::syscall(SYS_openat, at, path, flags, mode));
  if (opened < 0) return opened;
  note_opened(opened);
  if (makes) {
    record({.kind = EventKind::file_made, .file = inode_of(opened)}, *name);
  } else if (name && (flags & O_TRUNC) != 0) {
    record({.kind = EventKind::resized, .file = inode_of(opened)});
  }
  return opened;
}

int rename_file(int at, const char* from, int to_at, const char* to) {
  const auto old_name = watched_name(at, from);
  const auto new_name = watched_name(to_at, to);
  if (!old_name && !new_name) return static_cast<int>(::syscall(SYS_renameat, at, from, to_at, to));
  if (const auto failed = made_to_fail("renameat")) return *failed;
  const auto lock = order_lock();
  const int done = static_cast<int>(::syscall(SYS_renameat, at, from, to_at, to));
  if (done == 0 && old_name && new_name) {
    record({.kind = EventKind::file_renamed}, *old_name + '\0' + *new_name);
  } else if (done == 0) {
    record({.kind = EventKind::not_understood}, "a file was moved into the data directory, or out of it");
  }
  return done;
}

int remove_file(int at, const char* path, int flags) {
  const auto name = watched_name(at, path);
  if (!name) return static_cast<int>(::syscall(SYS_unlinkat, at, path, flags));
  if (const auto failed = made_to_fail("unlinkat")) return *failed;
  const auto lock = order_lock();
  const int done = static_cast<int>(::syscall(SYS_unlinkat, at, path, flags));
  if (done == 0) record({.kind = EventKind::file_removed}, *name);
  return done;
}

int resize_file(int descriptor, off_t size) {
  if (watched(descriptor) != Watched::file) return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size));
  if (const auto failed = made_to_fail("ftruncate")) return *failed;
  const auto lock = order_lock();
  const int done = static_cast<int>(::syscall(SYS_ftruncate, descriptor, size));
  if (done == 0) {
    record({.kind = EventKind::resized, .file = inode_of(descriptor), .size = static_cast<std::uint64_t>(size)});
  }
  return done;
}

int reserve(int descriptor, int mode, off_t offset, off_t size) {
  if (watched(descriptor) != Watched::file) {
    return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size));
  }
  if (const auto failed = made_to_fail("fallocate")) return *failed;
  const auto lock = order_lock();
  const int done = static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size));
  if (done != 0 || mode == FALLOC_FL_KEEP_SIZE) return done;  // Room alone changes nothing that a reader could see.
  if (mode == 0) {
    record({.kind = EventKind::reserved,
            .file = inode_of(descriptor),
            .offset = static_cast<std::uint64_t>(offset),
            .size = static_cast<std::uint64_t>(size)});
  } else {
    record({.kind = EventKind::not_understood}, "fallocate with mode " + std::to_string(mode));
  }
  return done;
}

std::uint16_t port_of_peer(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

/// Sends, and records how much; `call` makes the call.
template <typename Call>
ssize_t send_and_record(int descriptor, Call call) {
  if (!is_recording()) return call();
  const auto lock = order_lock();
  const ssize_t sent = call();
  const int reason = errno;
  if (sent > 0) {
    record({.kind = EventKind::replied, .file = port_of_peer(descriptor), .size = static_cast<std::uint64_t>(sent)});
  }
  errno = reason;
  return sent;
}

mode_t mode_argument(int flags, std::va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

__attribute__((constructor)) void begin() {
  const auto lock = order_lock();
  record({.kind = EventKind::process_begins, .file = static_cast<std::uint64_t>(::getpid())});
}

}  // namespace

// The names are the C library's.
// NOLINTBEGIN(readability-identifier-naming,cert-dcl50-cpp)
extern "C" {

ssize_t write(int descriptor, const void* bytes, std::size_t count) {
  if (watched(descriptor) == Watched::file) return write_to_file(descriptor, bytes, count, std::nullopt);
  return ::syscall(SYS_write, descriptor, bytes, count);
}
ssize_t pwrite(int descriptor, const void* bytes, std::size_t count, off_t offset) {
  if (watched(descriptor) == Watched::file) return write_to_file(descriptor, bytes, count, offset);
  return ::syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, std::size_t count, off64_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}
/// Of several parts the first is written: a short write, which whoever calls it must be ready for.
ssize_t writev(int descriptor, const iovec* parts, int count) {
  if (watched(descriptor) != Watched::file) return ::syscall(SYS_writev, descriptor, parts, count);
  const iovec* first = std::find_if(parts, parts + count, [](const iovec& part) { return part.iov_len != 0; });
  return first == parts + count ? 0 : write_to_file(descriptor, first->iov_base, first->iov_len, std::nullopt);
}
ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  if (watched(descriptor) != Watched::file) return ::syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
  const iovec* first = std::find_if(parts, parts + count, [](const iovec& part) { return part.iov_len != 0; });
  return first == parts + count ? 0 : write_to_file(descriptor, first->iov_base, first->iov_len, offset);
}
ssize_t pread(int descriptor, void* bytes, std::size_t count, off_t offset) {
  if (watched(descriptor) == Watched::file) {
    if (const auto failed = made_to_fail("pread")) return *failed;
  }
  return ::syscall(SYS_pread64, descriptor, bytes, count, offset);
}
ssize_t pread64(int descriptor, void* bytes, std::size_t count, off64_t offset) {
  return pread(descriptor, bytes, count, offset);
}

int fdatasync(int descriptor) { return flush(descriptor, "fdatasync", SYS_fdatasync); }
int fsync(int descriptor) { return flush(descriptor, "fsync", SYS_fsync); }

int openat(int at, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_file(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_file(at, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}
int close(int descriptor) {
  note_closed(descriptor);
  return static_cast<int>(::syscall(SYS_close, descriptor));
}

int renameat(int at, const char* from, int to_at, const char* to) { return rename_file(at, from, to_at, to); }
int rename(const char* from, const char* to) { return rename_file(AT_FDCWD, from, AT_FDCWD, to); }
int unlinkat(int at, const char* path, int flags) { return remove_file(at, path, flags); }
int unlink(const char* path) { return remove_file(AT_FDCWD, path, 0); }

int ftruncate(int descriptor, off_t size) { return resize_file(descriptor, size); }
int ftruncate64(int descriptor, off64_t size) { return resize_file(descriptor, size); }
int fallocate(int descriptor, int mode, off_t offset, off_t size) { return reserve(descriptor, mode, offset, size); }
int fallocate64(int descriptor, int mode, off64_t offset, off64_t size) {
  return reserve(descriptor, mode, offset, size);
}
int posix_fallocate(int descriptor, off_t offset, off_t size) {
  return reserve(descriptor, 0, offset, size) == 0 ? 0 : errno;
}
int posix_fadvise(int descriptor, off_t offset, off_t size, int advice) {
  const int done = static_cast<int>(::syscall(SYS_fadvise64, descriptor, offset, size, advice)) == 0 ? 0 : errno;
  if (watched(descriptor) == Watched::file && advice == POSIX_FADV_DONTNEED && done == 0) {
    const auto lock = order_lock();
    record({.kind = EventKind::cache_forgotten, .file = inode_of(descriptor)});
  }
  return done;
}

int mkdir(const char* path, mode_t mode) {
  const auto lock = order_lock();
  const int done = static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
  if (done == 0 && is_watched_directory(path)) record({.kind = EventKind::directory_made});
  return done;
}

ssize_t send(int descriptor, const void* bytes, std::size_t count, int flags) {
  return send_and_record(descriptor,
                         [&] { return ::syscall(SYS_sendto, descriptor, bytes, count, flags, nullptr, 0); });
}
ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  return send_and_record(descriptor, [&] { return ::syscall(SYS_sendmsg, descriptor, message, flags); });
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming,cert-dcl50-cpp)
