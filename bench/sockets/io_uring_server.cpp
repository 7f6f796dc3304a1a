#include "pongs.hpp"
#include "ways.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#ifdef UNDERSTUDY_HAS_LIBURING

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include <liburing.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

enum class Kind : std::uint8_t { accepted, received, sent };

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
}

class UringServer {
 public:
  UringServer(int listener, Receive receive) : listener_(listener), many_times_(receive == Receive::many_times) {
    constexpr unsigned submissions = 1024;
    constexpr unsigned completions = 4096;
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = completions;
    check(io_uring_queue_init_params(submissions, &ring_, &params), "io_uring_queue_init_params");
    if (many_times_) give_buffers();
  }

  [[noreturn]] void run() {
    accept();
    for (;;) {
      check(io_uring_submit_and_wait(&ring_, 1), "io_uring_submit_and_wait");
      unsigned head = 0;
      unsigned count = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_, head, completion) {
        ++count;
        handle(*completion);
      }
      io_uring_cq_advance(&ring_, count);
    }
  }

 private:
  static constexpr unsigned buffers = 256;  // A power of two.
  static constexpr int buffer_group = 1;

  [[nodiscard]] char* buffer(unsigned number) noexcept { return pool_.data() + std::size_t{number} * read_bytes; }

  void give_buffers() {
    pool_.resize(std::size_t{buffers} * read_bytes);
    void* const memory =
        ::mmap(nullptr, buffers * sizeof(io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    free_buffers_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    registration.ring_entries = buffers;
    registration.bgid = buffer_group;
    check(io_uring_register_buf_ring(&ring_, &registration, 0), "io_uring_register_buf_ring");
    io_uring_buf_ring_init(free_buffers_);
    for (unsigned number = 0; number < buffers; ++number) give_back(number);
  }
  void give_back(unsigned number) {
    io_uring_buf_ring_add(free_buffers_, buffer(number), read_bytes, static_cast<unsigned short>(number),
                          io_uring_buf_ring_mask(buffers), 0);
    io_uring_buf_ring_advance(free_buffers_, 1);
  }

  /// What `prepare` writes, to be submitted with all the others; its completion says what it was, and of which socket.
  template <typename Prepare>
  io_uring_sqe& ask(Kind kind, int socket, Prepare prepare) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    while (entry == nullptr) {
      check(io_uring_submit(&ring_), "io_uring_submit");
      entry = io_uring_get_sqe(&ring_);
    }
    prepare(entry);
    io_uring_sqe_set_data64(
        entry, (std::uint64_t{static_cast<std::uint8_t>(kind)} << 32U) | static_cast<std::uint32_t>(socket));
    return *entry;
  }

  void accept() {
    ask(Kind::accepted, listener_,
        [&](io_uring_sqe* entry) { io_uring_prep_multishot_accept(entry, listener_, nullptr, nullptr, SOCK_CLOEXEC); });
  }
  void receive(int socket) {
    if (many_times_) {
      io_uring_sqe& entry = ask(Kind::received, socket,
                                [&](io_uring_sqe* each) { io_uring_prep_recv_multishot(each, socket, nullptr, 0, 0); });
      entry.flags |= IOSQE_BUFFER_SELECT;
      entry.buf_group = buffer_group;
      return;
    }
    auto& own = own_[socket];
    if (own == nullptr) own = std::make_unique<char[]>(read_bytes);
    ask(Kind::received, socket,
        [&](io_uring_sqe* entry) { io_uring_prep_recv(entry, socket, own.get(), read_bytes, 0); });
  }
  void send(int socket, std::string_view bytes) {
    io_uring_sqe& entry = ask(Kind::sent, socket, [&](io_uring_sqe* each) {
      io_uring_prep_send(each, socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    });
    entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  }

  void handle(const io_uring_cqe& completion) {
    const auto kind = static_cast<Kind>(completion.user_data >> 32U);
    const auto socket = static_cast<int>(completion.user_data & 0xffffffffU);
    const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (kind == Kind::accepted) {
      if (completion.res >= 0) {
        send_at_once(completion.res);
        receive(completion.res);
      }
      if (!more) accept();
    } else if (kind == Kind::received) {
      if (completion.res > 0) send(socket, pongs_for(static_cast<std::size_t>(completion.res)));
      if ((completion.flags & IORING_CQE_F_BUFFER) != 0) give_back(completion.flags >> IORING_CQE_BUFFER_SHIFT);
      if (completion.res > 0 || completion.res == -ENOBUFS) {
        if (!more) receive(socket);
      } else {
        ::close(socket);
      }
    }
  }

  const int listener_;
  const bool many_times_;
  io_uring ring_{};
  std::vector<char> pool_;
  io_uring_buf_ring* free_buffers_ = nullptr;
  std::map<int, std::unique_ptr<char[]>> own_;
};

}  // namespace

void serve_by_io_uring(int listener, Receive receive) {
  static UringServer server(listener, receive);
  server.run();
}

}  // namespace bench

#else

namespace bench {

void serve_by_io_uring(int, Receive) {
  throw std::system_error(ENOSYS, std::generic_category(), "built without liburing (liburing-dev)");
}

}  // namespace bench

#endif
