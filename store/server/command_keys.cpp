#include "server/command_keys.hpp"

#include "server/commands/arguments.hpp"

#include <algorithm>
#include <string_view>

namespace understudy::server {

std::uint8_t key_access_of(const Command& command, Arguments arguments, bool second) noexcept {
  const std::string_view words = second ? command.second_key_access : command.key_access;
  // Of the commands whose words depend on the arguments there is one: SET, which reads only with GET.
  if (words.contains("variable_flags")) {
    const Arguments options = arguments.subspan(std::min<std::size_t>(arguments.size(), 3));
    const bool reads = std::ranges::any_of(options, [](BytesView word) { return is_word(word, "GET"); });
    return reads ? access::read | access::write : access::write;
  }
  std::uint8_t found = access::none;
  if (words.contains("access")) found |= access::read;
  if (words.contains("update") || words.contains("insert") || words.contains("delete")) found |= access::write;
  return found;
}

}  // namespace understudy::server
