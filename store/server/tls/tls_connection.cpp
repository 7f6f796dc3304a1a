#include "server/tls/tls_connection.hpp"

#include "server/spare.hpp"
#include "server/tls/tls_error.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace understudy::server {
namespace {

constexpr std::size_t received_at_once_max = std::size_t{16} << 10U;
/// Plain bytes that are encrypted before they are written.
constexpr std::size_t sent_at_once_max = std::size_t{64} << 10U;
/// Bytes that reading has to be answered by, as new keys have, and that wait to be written.
constexpr std::size_t answers_max = std::size_t{16} << 10U;

std::unexpected<Error> tls_failure(std::string_view peer) {
  return failure(ErrorCode::storage_failed, fmt::format("TLS with {}: {}", peer, take_tls_error()));
}

}  // namespace

struct TlsConnection::Records {
  std::array<char, received_at_once_max> bytes;
  [[nodiscard]] static std::size_t clear_for_others() noexcept { return 0; }
};

/// Where OpenSSL reads and writes: not a socket, but what the connection has received and will send.
struct RecordPipe {
  static int read(BIO* bio, char* into, int size) {
    auto& connection = *static_cast<TlsConnection*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t count = std::min(connection.incoming_.size(), static_cast<std::size_t>(std::max(size, 0)));
    if (count == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(into, connection.incoming_.data(), count);
    connection.incoming_.remove_prefix(count);
    return static_cast<int>(count);
  }
  static int write(BIO* bio, const char* from, int size) {
    static_cast<TlsConnection*>(BIO_get_data(bio))->outgoing_.append(from, static_cast<std::size_t>(size));
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* pipe = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "understudy");
      BIO_meth_set_read(pipe, read);
      BIO_meth_set_write(pipe, write);
      BIO_meth_set_ctrl(pipe, control);
      return pipe;
    }();
    return made;
  }
};

TlsConnection::TlsConnection(ssl_ctx_st& context, std::unique_ptr<Connection> plain)
    : plain_(std::move(plain)), tls_(SSL_new(&context)) {
  BIO* pipe = BIO_new(RecordPipe::method());
  if (tls_ == nullptr || pipe == nullptr) throw std::bad_alloc();
  BIO_set_data(pipe, this);
  BIO_set_init(pipe, 1);
  SSL_set_bio(tls_, pipe, pipe);
  SSL_set_accept_state(tls_);
}

TlsConnection::~TlsConnection() {
  if (established_ && whole_) {
    ERR_clear_error();
    SSL_shutdown(tls_);
    static_cast<void>(plain_->try_write(outgoing_));
  }
  SSL_free(tls_);
}

std::size_t TlsConnection::try_write(std::string_view bytes) noexcept {
  // What was encrypted must be sent, so a part of it will not do: nothing can be promised without waiting.
  static_cast<void>(bytes);
  return 0;
}

bool TlsConnection::established() const {
  const std::scoped_lock lock(mutex_);
  return established_;
}

bool TlsConnection::anything_received() const {
  const std::scoped_lock lock(mutex_);
  return !incoming_.empty() || SSL_has_pending(tls_) == 1;
}

std::string TlsConnection::take_outgoing() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(outgoing_, {});
}

Task<Result<std::size_t>> TlsConnection::receive() {
  struct RecordRoom final : ReadRoom {
    std::span<char> room() override {
      if (records == nullptr) records = Spare<Records>::take();
      return records->bytes;
    }
    void give_back() noexcept override { Spare<Records>::give(std::move(records)); }
    std::shared_ptr<Records> records;
  };
  RecordRoom room;
  Task<Result<std::size_t>> reading = plain_->read_when_ready(room);
  const Result<std::size_t> count = co_await std::move(reading);
  if (!count || *count == 0) co_return count;
  const std::scoped_lock lock(mutex_);
  received_ = std::move(room.records);
  incoming_ = {received_->bytes.data(), *count};
  co_return count;
}

Task<Result<void>> TlsConnection::shake_hands() {
  for (;;) {
    Step step = Step::done;
    std::string failed;
    {
      const std::scoped_lock lock(mutex_);
      ERR_clear_error();
      const int shaken = SSL_do_handshake(tls_);
      if (shaken == 1) {
        established_ = true;
      } else if (SSL_get_error(tls_, shaken) == SSL_ERROR_WANT_READ) {
        step = Step::need_more;
      } else {
        step = Step::failed;
        failed = take_tls_error();
      }
    }
    // Also what tells the other side why it failed.
    const std::string said = take_outgoing();
    if (!said.empty()) {
      Task<Result<void>> writing = plain_->write_all(said);
      const Result<void> written = co_await std::move(writing);
      if (!written) co_return written;
    }
    if (step == Step::done) co_return Result<void>{};
    if (step == Step::failed)
      co_return failure(ErrorCode::storage_failed, fmt::format("TLS with {}: {}", peer(), failed));
    Task<Result<std::size_t>> receiving = receive();
    const Result<std::size_t> count = co_await std::move(receiving);
    if (!count) co_return std::unexpected(count.error());
    if (*count == 0) co_return failure(ErrorCode::storage_failed, fmt::format("TLS with {}: it has gone", peer()));
  }
}

TlsConnection::Step TlsConnection::decrypt(std::span<char> into, std::size_t& count) {
  const std::scoped_lock lock(mutex_);
  ERR_clear_error();
  const int read = SSL_read_ex(tls_, into.data(), into.size(), &count);
  const int why = SSL_get_error(tls_, read);
  if (incoming_.empty() && received_ != nullptr) Spare<Records>::give(std::move(received_));
  if (!send_answers()) return Step::floods;
  if (read == 1) return Step::done;
  if (why == SSL_ERROR_WANT_READ) return Step::need_more;
  return why == SSL_ERROR_ZERO_RETURN ? Step::ended : Step::failed;
}

bool TlsConnection::send_answers() noexcept {
  if (outgoing_.empty()) return true;
  // What remains is the end of a record, perhaps: whatever is written next goes behind it.
  if (whole_) outgoing_.erase(0, plain_->try_write(outgoing_));
  return outgoing_.size() <= answers_max;
}

Task<Result<std::size_t>> TlsConnection::read_when_ready(ReadRoom& room) {
  if (!established()) {
    Task<Result<void>> shaking = shake_hands();
    const Result<void> shaken = co_await std::move(shaking);
    if (!shaken) co_return std::unexpected(shaken.error());
  }
  for (;;) {
    if (anything_received()) {
      std::size_t count = 0;
      const Step step = decrypt(room.room(), count);
      if (step == Step::done) co_return count;
      if (step == Step::ended) co_return std::size_t{0};
      if (step == Step::failed) co_return tls_failure(peer());
      if (step == Step::floods) {
        co_return failure(ErrorCode::storage_failed,
                          fmt::format("TLS with {}: it does not read what it asks for", peer()));
      }
      room.give_back();
    }
    Task<Result<std::size_t>> receiving = receive();
    const Result<std::size_t> received = co_await std::move(receiving);
    if (!received || *received == 0) co_return received;
  }
}

Task<Result<std::size_t>> TlsConnection::read_some(std::span<char> into) {
  struct GivenRoom final : ReadRoom {
    explicit GivenRoom(std::span<char> given) : into(given) {}
    std::span<char> room() override { return into; }
    std::span<char> into;
  };
  GivenRoom room(into);
  Task<Result<std::size_t>> reading = read_when_ready(room);
  co_return co_await std::move(reading);
}

Task<Result<void>> TlsConnection::write_all(std::string_view bytes) {
  if (!established()) {
    Task<Result<void>> shaking = shake_hands();
    const Result<void> shaken = co_await std::move(shaking);
    if (!shaken) co_return shaken;
  }
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, sent_at_once_max);
    std::string records;
    {
      const std::scoped_lock lock(mutex_);
      ERR_clear_error();
      std::size_t taken = 0;
      if (SSL_write_ex(tls_, piece.data(), piece.size(), &taken) != 1) co_return tls_failure(peer());
      records = std::exchange(outgoing_, {});
      whole_ = false;
    }
    bytes.remove_prefix(piece.size());
    Task<Result<void>> writing = plain_->write_all(records);
    const Result<void> written = co_await std::move(writing);
    if (!written) co_return written;
    const std::scoped_lock lock(mutex_);
    whole_ = true;
  }
  co_return Result<void>{};
}

}  // namespace understudy::server
