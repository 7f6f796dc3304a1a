#include "journal/directory_lock.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy::journal {
namespace {

class DirectoryLockTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "understudy-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::shared_ptr<Storage> storage() const { return open_file_storage(folder_).value(); }

  std::filesystem::path folder_;
};

TEST(LockTextTest, GoesThereAndBackAndNothingElseIsOne) {
  const LockText text{4321, "some-host", 0xFFFFFFFFFFFFFFFF};
  EXPECT_EQ(encode(text), "4321 some-host ffffffffffffffff\n");
  EXPECT_EQ(decode_lock_text(encode(text)), text);
  EXPECT_EQ(own_lock_text(), own_lock_text());
  for (const std::string& bytes : {std::string(), std::string("4321"), std::string("4321 host"),
                                   std::string("4321  1f\n"), std::string("x host 1f\n"), std::string("1 host 1f"),
                                   std::string("1 host 1f\nmore"), std::string("99999999999999999999 host 1f\n")}) {
    EXPECT_FALSE(decode_lock_text(bytes)) << bytes;
  }
}

TEST_F(DirectoryLockTest, TellsThisProcessThatItHoldsTheDirectoryItself) {
  auto lock = storage()->lock();
  ASSERT_TRUE(lock);
  const auto second = storage()->lock();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), ErrorCode::directory_locked);
  EXPECT_EQ(second.error().message(), folder_.native() + " is in use by this process, which has not let go of it yet");
  const auto holder = storage()->lock_holder();
  ASSERT_TRUE(holder && *holder);
  EXPECT_TRUE((*holder)->held_by_this_process);
  EXPECT_EQ((*holder)->process, static_cast<std::uint64_t>(::getpid()));

  lock->reset();
  const auto nobody = storage()->lock_holder();
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(*nobody);
  EXPECT_TRUE(storage()->lock());
}

TEST_F(DirectoryLockTest, NamesAnotherProcessAndIsFreeWhenThatIsKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto opened = open_file_storage(folder_);
    const auto lock = (*opened)->lock();
    const char answer = lock ? 'y' : 'n';
    static_cast<void>(!::write(ready[1], &answer, 1));
    while (true) ::pause();
  }
  char answer = '?';
  EXPECT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');

  const auto refused = storage()->lock();
  const auto holder = storage()->lock_holder();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), ErrorCode::directory_locked);
  EXPECT_NE(
      refused.error().message().find(folder_.native() + " is in use by process " + std::to_string(child) + " on host "),
      std::string_view::npos)
      << refused.error().message();
  ASSERT_TRUE(holder && *holder);
  EXPECT_EQ((*holder)->process, static_cast<std::uint64_t>(child));
  EXPECT_FALSE((*holder)->held_by_this_process);
  EXPECT_TRUE(storage()->lock()) << "a killed holder holds nothing";
}

TEST_F(DirectoryLockTest, AStrangeTextInTheFileOnlyMakesThePoorerMessage) {
  const auto lock = storage()->lock();
  ASSERT_TRUE(lock);
  std::ofstream(folder_ / "LOCK", std::ios::trunc) << "not what we write";
  const auto refused = storage()->lock();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), folder_.native() + " is in use by another process");
}

}  // namespace
}  // namespace understudy::journal
