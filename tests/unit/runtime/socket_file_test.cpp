// Attacks: the name of a socket takes over what a dead process has left, and nothing else; nobody gets more rights to
// it than was said, at any time.
#include "runtime/socket_file.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

class Handle {
 public:
  Handle() : number_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { ::close(number_); }
  [[nodiscard]] int operator*() const { return number_; }

 private:
  int number_;
};

class SocketFileTest : public testing::Test {
 protected:
  SocketFileTest() : path_(testing::TempDir() + "understudy-socket-" + std::to_string(::getpid())) {}
  ~SocketFileTest() override { std::filesystem::remove(path_); }

  [[nodiscard]] unsigned mode() const {
    struct stat found{};
    return ::lstat(path_.c_str(), &found) == 0 ? found.st_mode & 0777U : 0U;
  }

  std::string path_;
};

TEST_F(SocketFileTest, HasThePermissionsThatWereAskedForWhateverTheUmask) {
  for (const mode_t mask : {0, 022, 077}) {
    const mode_t before = ::umask(mask);
    const Handle handle;
    const Result<SocketFile> file = SocketFile::bind(*handle, path_, 0660);
    ::umask(before);
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_EQ(mode(), 0660U);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, ReplacesADeadSocketAndNoLiveOne) {
  {
    const Handle dead;
    const Handle live;
    const Result<SocketFile> first = SocketFile::bind(*dead, path_, 0700);
    ASSERT_TRUE(first);
    // Nobody listens on the first: it may as well be dead.
    const Result<SocketFile> second = SocketFile::bind(*live, path_, 0700);
    ASSERT_TRUE(second) << second.error().message();
    ASSERT_EQ(::listen(*live, 1), 0);
    const Handle late;
    const Result<SocketFile> third = SocketFile::bind(*late, path_, 0700);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error(), ErrorCode::storage_failed);
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, LeavesAloneWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  const Handle handle;
  EXPECT_FALSE(SocketFile::bind(*handle, path_, 0700));
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("/nowhere/at/all", path_);
  EXPECT_FALSE(SocketFile::bind(*handle, path_, 0700));
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(SocketFileTest, RemovesItsOwnNameOnly) {
  const Handle handle;
  {
    const Result<SocketFile> file = SocketFile::bind(*handle, path_, 0700);
    ASSERT_TRUE(file);
    std::filesystem::remove(path_);
    std::ofstream(path_) << "another's";
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, NamesThatCannotBe) {
  const Handle handle;
  for (const std::string& name : {std::string(), std::string(SocketFile::path_bytes_max + 1, 'x')}) {
    const Result<SocketFile> file = SocketFile::bind(*handle, name, 0700);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error(), ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(SocketFile::bind(*handle, "/no/such/folder/socket", 0700));
}

}  // namespace
}  // namespace understudy::detail
