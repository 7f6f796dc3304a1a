// Fields: how events and states become bytes and come back, told once for both directions, and with a version.
//
//     struct Deposited {
//       static constexpr us::RecordKind kind{1};
//       static constexpr std::uint32_t version = 2;
//       std::int64_t cents = 0;
//       std::string note;                                       // Since version 2.
//       void fields(auto& field) {
//         field(cents);
//         if (field.version() >= 2) field(note);
//       }
//     };
//
// `fields` names each member in its order on the disk. What is written always has the present version; what is read has
// the version it was written with, so that a member which came later is left out for old ones, and one that has gone is
// read into a variable and made into what has taken its place. A version, once released, is never changed: a change
// makes the next. Without a member `version` it is 1.
//
// What can be a field: bool, integers (fixed width, little endian), enumerations, float and double, Bytes,
// std::optional, std::pair, the standard containers of these, and any type with `fields` of its own, which sees the
// version of what it is part of.
//
// Threads: one object is used by one thread at a time. Reading trusts nothing: whatever bytes it is given, it ends with
// a value or with data_damaged.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace understudy {

class FieldWriter;
class FieldReader;

/// A type that says what its fields are.
template <typename T>
concept HasFields = std::default_initializable<T> && requires(T& value, FieldWriter& writer, FieldReader& reader) {
  value.fields(writer);
  value.fields(reader);
};

/// The version in which T is written.
template <typename T>
[[nodiscard]] consteval std::uint32_t version_of() noexcept {
  if constexpr (requires { T::version; }) {
    return T::version;
  } else {
    return 1;
  }
}

namespace detail {

template <typename T>
concept FieldNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <typename T>
concept FieldContainer = requires(T& container, typename T::value_type element) {
  container.size();
  container.clear();
  container.insert(container.end(), std::move(element));
};
/// What an element of a container is read into: a map's key is constant in the map only.
template <typename Element>
struct ReadInto {
  using type = Element;
};
template <typename First, typename Second>
struct ReadInto<std::pair<const First, Second>> {
  using type = std::pair<First, Second>;
};
template <std::size_t Bytes>
using FieldWord = std::conditional_t<
    Bytes == 1, std::uint8_t,
    std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

}  // namespace detail

/// Appends fields to bytes.
class FieldWriter {
 public:
  FieldWriter(Bytes& into, std::uint32_t version) noexcept : into_(into), version_(version) {}
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }

  template <typename... T>
  void operator()(const T&... values) {
    (write(values), ...);
  }
  /// For the reader: what is written is as it should be.
  void require(bool /*good*/, std::string_view /*otherwise*/) const noexcept {}

 private:
  void write(const Bytes& bytes) {
    write_length(bytes.size());
    into_.append(bytes);
  }
  template <detail::FieldNumber T>
  void write(const T& number) {
    static_assert(sizeof(T) <= 8, "a field's number has at most 64 bits");
    auto word = std::uint64_t{std::bit_cast<detail::FieldWord<sizeof(T)>>(number)};
    for (std::size_t i = 0; i < sizeof(T); ++i, word >>= 8U) into_.push_back(static_cast<char>(word & 0xFFU));
  }
  template <typename T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) write(*value);
  }
  template <typename First, typename Second>
  void write(const std::pair<First, Second>& pair) {
    write(pair.first);
    write(pair.second);
  }
  template <detail::FieldContainer T>
  void write(const T& elements) {
    write_length(elements.size());
    for (const auto& element : elements) write(static_cast<const typename T::value_type&>(element));
  }
  template <HasFields T>
  void write(const T& value) {
    const_cast<T&>(value).fields(*this);  // Reads only: this writer takes every field by const reference.
  }
  void write_length(std::uint64_t length) {
    for (; length >= 0x80U; length >>= 7U) into_.push_back(static_cast<char>((length & 0x7FU) | 0x80U));
    into_.push_back(static_cast<char>(length));
  }

  Bytes& into_;
  std::uint32_t version_;
};

/// Takes fields out of bytes. After the first that is not there, or not good, the others keep their values.
class FieldReader {
 public:
  FieldReader(BytesView bytes, std::uint32_t version) noexcept : left_(bytes), version_(version) {}
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }

  template <typename... T>
  void operator()(T&... values) {
    (read(values), ...);
  }
  /// Says that what has been read makes no sense, unless `good`; `otherwise` says why, and must outlive the reader.
  void require(bool good, std::string_view otherwise) noexcept {
    if (!good && !fault_) fault_ = otherwise;
  }
  /// What was wrong, if anything was: what `require` said, fields that end too early, bytes that are left over.
  [[nodiscard]] std::optional<std::string_view> fault() const noexcept {
    if (!fault_ && !left_.empty()) return "it has bytes left over";
    return fault_;
  }

 private:
  void read(Bytes& bytes) {
    const std::uint64_t length = read_length();
    bytes.assign(take(length));
  }
  template <detail::FieldNumber T>
  void read(T& number) {
    const BytesView bytes = take(sizeof(T));
    if (fault_) return;
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8U * i);
    }
    if constexpr (std::same_as<T, bool>) {
      require(word <= 1, "a truth value is neither 0 nor 1");
      number = word == 1;
    } else {
      number = std::bit_cast<T>(static_cast<detail::FieldWord<sizeof(T)>>(word));
    }
  }
  template <typename T>
  void read(std::optional<T>& value) {
    bool has_value = false;
    read(has_value);
    value.reset();
    if (has_value && !fault_) read(value.emplace());
  }
  template <typename First, typename Second>
  void read(std::pair<First, Second>& pair) {
    read(pair.first);
    read(pair.second);
  }
  template <detail::FieldContainer T>
  void read(T& elements) {
    elements.clear();
    const std::uint64_t count = read_length();
    for (std::uint64_t i = 0; i < count && !fault_; ++i) {
      // So that a damaged count ends with the bytes, whatever it says.
      if (left_.empty()) return require(false, "it ends in the middle of a list");
      typename detail::ReadInto<typename T::value_type>::type element{};
      read(element);
      if (!fault_) elements.insert(elements.end(), std::move(element));
    }
  }
  template <HasFields T>
  void read(T& value) {
    value.fields(*this);
  }
  std::uint64_t read_length() {
    std::uint64_t length = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const BytesView byte = take(1);
      if (fault_) return 0;
      length |= std::uint64_t{static_cast<unsigned char>(byte[0]) & 0x7FU} << shift;
      if ((static_cast<unsigned char>(byte[0]) & 0x80U) == 0) return length;
    }
    require(false, "a length is no number");
    return 0;
  }
  BytesView take(std::uint64_t count) noexcept {
    if (count > left_.size()) require(false, "it ends in the middle of a field");
    if (fault_) return {};
    const BytesView taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  BytesView left_;
  std::uint32_t version_;
  std::optional<std::string_view> fault_;
};

}  // namespace understudy
