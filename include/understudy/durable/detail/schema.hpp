// How a durable state stands in its journal: a record is a version (four bytes, little endian), then fields. Its kind
// is that of the event, or `state_record` for a whole state, in a snapshot or in the journal.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/durable/fields.hpp"
#include "understudy/journal/record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

namespace understudy {

/// The kind of records that hold a whole state. No event's.
inline constexpr RecordKind state_record{0};

namespace detail {

/// Data that this program cannot read, with the reason: data_damaged.
[[nodiscard]] std::unexpected<Error> unknown_kind(const Record& record);
[[nodiscard]] std::unexpected<Error> unknown_version(const Record& record, std::uint32_t found, std::uint32_t known);
[[nodiscard]] std::unexpected<Error> unreadable(const Record& record, std::string_view fault);
/// Takes the version off the front of a payload.
[[nodiscard]] Result<std::uint32_t> read_version(const Record& record, BytesView& fields);

/// Version and fields of `value`.
template <HasFields T>
[[nodiscard]] Bytes encode(const T& value) {
  Bytes payload;
  FieldWriter writer(payload, version_of<T>());
  writer(version_of<T>());
  writer(value);
  return payload;
}
template <HasFields T>
[[nodiscard]] Result<T> decode(const Record& record) {
  BytesView fields = record.payload;
  const Result<std::uint32_t> version = read_version(record, fields);
  if (!version) return std::unexpected(version.error());
  if (*version == 0 || *version > version_of<T>()) return unknown_version(record, *version, version_of<T>());
  FieldReader reader(fields, *version);
  T value{};
  reader(value);
  if (const auto fault = reader.fault()) return unreadable(record, *fault);
  return value;
}

/// The events of a state, as a list of types.
template <typename... Events>
struct EventList {
  static constexpr std::array<RecordKind, sizeof...(Events)> kinds{Events::kind...};
  [[nodiscard]] static consteval bool are_distinct() noexcept {
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (kinds[i] == state_record) return false;
      for (std::size_t j = 0; j < i; ++j) {
        if (kinds[i] == kinds[j]) return false;
      }
    }
    return true;
  }
  template <typename Event>
  static constexpr bool has = (std::same_as<Event, Events> || ...);

  /// Applies the event in `record`, whose kind is none of the state's own.
  template <typename State>
  [[nodiscard]] static Result<void> apply(const Record& record, State& state) {
    Result<void> applied = unknown_kind(record);
    static_cast<void>((apply_if<Events>(record, state, applied) || ...));
    return applied;
  }

 private:
  template <typename Event, typename State>
  [[nodiscard]] static bool apply_if(const Record& record, State& state, Result<void>& applied) {
    if (record.kind != Event::kind) return false;
    const Result<Event> event = decode<Event>(record);
    if (event) {
      state.apply(*event);
      applied = {};
    } else {
      applied = std::unexpected(event.error());
    }
    return true;
  }
};

template <typename T>
struct EventsOf {
  using type = EventList<T>;
};
template <typename... Events>
struct EventsOf<std::variant<Events...>> {
  using type = EventList<Events...>;
};

}  // namespace detail

/// A state that says which events change it, and how. `State::Event` is one event, or a std::variant of several.
template <typename State>
concept ChangedByEvents =
    std::default_initializable<State> && std::movable<State> && requires { typename State::Event; };

/// A state that is recorded whole, each time that it changes.
template <typename State>
concept RecordedWhole = HasFields<State> && std::movable<State> && !ChangedByEvents<State>;

template <typename State>
concept DurableState = ChangedByEvents<State> || RecordedWhole<State>;

namespace detail {

/// Applies a replayed record.
template <DurableState State>
[[nodiscard]] Result<void> apply_record(const Record& record, State& state) {
  if (record.kind == state_record) {
    if constexpr (HasFields<State>) {
      Result<State> whole = decode<State>(record);
      if (!whole) return std::unexpected(whole.error());
      state = std::move(*whole);
      return {};
    }
  } else if constexpr (ChangedByEvents<State>) {
    using Events = typename EventsOf<typename State::Event>::type;
    static_assert(Events::are_distinct(), "each event has a `kind` of its own, other than 0");
    return Events::apply(record, state);
  }
  return unknown_kind(record);
}

}  // namespace detail
}  // namespace understudy
