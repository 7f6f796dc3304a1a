#include "understudy/journal/storage.hpp"

#include <algorithm>
#include <array>

namespace understudy {

Result<void> StorageFile::write_zeros(std::uint64_t offset, std::uint64_t bytes) {
  static constexpr std::array<char, std::size_t{64} << 10U> zeros{};
  while (bytes != 0) {
    const std::uint64_t piece = std::min<std::uint64_t>(bytes, zeros.size());
    if (auto written = write_at(offset, BytesView(zeros.data(), static_cast<std::size_t>(piece))); !written) {
      return written;
    }
    offset += piece;
    bytes -= piece;
  }
  return {};
}

}  // namespace understudy
