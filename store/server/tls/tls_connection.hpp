// TlsConnection: the server's side of TLS over another connection, which carries its records.
//
// Whoever reads or writes first does the handshake; until then nobody is known, and nothing has been said. What is
// received is decrypted in place of the reader that waits for it: a connection at rest holds neither records nor plain
// bytes. Its end is told to the other side, if that needs no waiting.
//
// Threads: as Connection: one reader and one writer at a time, on any threads.
#pragma once

#include "understudy/runtime/network.hpp"

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace understudy::server {

class TlsConnection final : public Connection {
 public:
  TlsConnection(ssl_ctx_st& context, std::unique_ptr<Connection> plain);
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;
  ~TlsConnection() override;

  Task<Result<std::size_t>> read_some(std::span<char> into) override;
  Task<Result<std::size_t>> read_when_ready(ReadRoom& room) override;
  Task<Result<void>> write_all(std::string_view bytes) override;
  std::size_t try_write(std::string_view bytes) noexcept override;
  [[nodiscard]] std::string peer() const override { return plain_->peer(); }
  [[nodiscard]] std::string local() const override { return plain_->local(); }
  [[nodiscard]] bool peer_is_on_this_machine() const override { return plain_->peer_is_on_this_machine(); }
  [[nodiscard]] bool established() const override;
  void keep_alive(std::chrono::seconds silence) override { plain_->keep_alive(silence); }
  void shut_down() noexcept override { plain_->shut_down(); }

 private:
  friend struct RecordPipe;
  struct Records;
  enum class Step : std::uint8_t { done, need_more, ended, failed, floods };

  Task<Result<void>> shake_hands();
  /// Waits for records.
  Task<Result<std::size_t>> receive();
  /// Takes plain bytes from the records that were received.
  Step decrypt(std::span<char> into, std::size_t& count);
  /// Sends what reading has to be answered by, unless something is being written: then that takes it along. With mutex_
  /// held. False if the other side has more of it made than it reads.
  [[nodiscard]] bool send_answers() noexcept;
  [[nodiscard]] bool anything_received() const;
  [[nodiscard]] std::string take_outgoing();

  const std::unique_ptr<Connection> plain_;
  // A reader and a writer may be here at once: guards all below. Never held over a wait.
  mutable std::mutex mutex_;
  ssl_st* tls_;
  bool established_ = false;
  bool whole_ = true;                  // No record is left half written: another may follow.
  std::shared_ptr<Records> received_;  // Records that are not all taken; else none.
  std::string_view incoming_;          // What is left of them.
  std::string outgoing_;
};

}  // namespace understudy::server
