// Feeds the reader of the users' file any bytes. What it takes must come back the same from what is written of it: the
// same words, and the same verdict on every command.
#include "server/acl/user_file.hpp"
#include "server/command_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using namespace understudy::server;

void check_same(const User& one, const User& other) {
  if (describe_user(one) != describe_user(other)) std::abort();
  for (const Command& command : command_table()) {
    const std::array<understudy::BytesView, 3> words{command.name, "a", "b"};
    if (one.check(command, words).denial != other.check(command, words).denial) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto users = parse_users(input, "users");
  if (!users) {
    if (users.error().message().empty()) std::abort();
    return 0;
  }
  std::vector<std::shared_ptr<const User>> shared;
  for (const User& user : *users) shared.push_back(std::make_shared<const User>(user));
  const auto again = parse_users(write_users(shared), "users");
  if (!again || again->size() != users->size()) std::abort();
  for (std::size_t i = 0; i < users->size(); ++i) check_same((*users)[i], (*again)[i]);
  return 0;
}
