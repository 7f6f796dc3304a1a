// KeySpace: the map from key to value, in parts.
//
// The keys are spread over a fixed number of hash maps by the top bits of their hash. So a rehash stops the store for a
// part's worth of keys only, and a scan has a cursor that stays true while maps grow: the number of the next part.
#pragma once

#include "understudy/base/bytes.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

namespace understudy::store {

/// Hashes keys; also by view, so that look-ups make no copy.
struct KeyHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(BytesView key) const noexcept { return std::hash<BytesView>{}(key); }
};

class KeySpace {
 public:
  using Visit = std::function<void(BytesView, const Bytes&)>;

  KeySpace() : parts_(std::make_unique<Parts>()) {}

  [[nodiscard]] const Bytes* find(BytesView key) const {
    const Part& part = part_of(key);
    const auto found = part.find(key);
    return found == part.end() ? nullptr : &found->second;
  }
  void set(BytesView key, Bytes value) {
    Part& part = part_of(key);
    const auto found = part.find(key);
    if (found != part.end()) {
      found->second = std::move(value);
      return;
    }
    part.emplace(Bytes(key), std::move(value));
    ++size_;
  }
  bool erase(BytesView key) {
    Part& part = part_of(key);
    const auto found = part.find(key);
    if (found == part.end()) return false;
    part.erase(found);
    --size_;
    return true;
  }
  void clear() {
    parts_ = std::make_unique<Parts>();
    size_ = 0;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void for_each(const Visit& visit) const {
    for (const Part& part : *parts_) {
      for (const auto& [key, value] : part) visit(key, value);
    }
  }
  /// Visits whole parts from number `cursor` on until at least `count` keys have been seen; the next part, or 0 at the
  /// end.
  [[nodiscard]] std::uint64_t scan(std::uint64_t cursor, std::size_t count, const Visit& visit) const {
    std::size_t seen = 0;
    for (; cursor < part_count && seen < count; ++cursor) {
      const Part& part = (*parts_)[cursor];
      seen += part.size();
      for (const auto& [key, value] : part) visit(key, value);
    }
    return cursor < part_count ? cursor : 0;
  }

 private:
  static constexpr std::size_t part_bits = 12;
  static constexpr std::size_t part_count = std::size_t{1} << part_bits;
  using Part = boost::unordered_flat_map<Bytes, Bytes, KeyHash, std::equal_to<>>;
  using Parts = std::array<Part, part_count>;

  static std::size_t part_number(BytesView key) noexcept { return KeyHash{}(key) >> (64U - part_bits); }
  [[nodiscard]] Part& part_of(BytesView key) { return (*parts_)[part_number(key)]; }
  [[nodiscard]] const Part& part_of(BytesView key) const { return (*parts_)[part_number(key)]; }

  std::unique_ptr<Parts> parts_;
  std::size_t size_ = 0;
};

}  // namespace understudy::store
