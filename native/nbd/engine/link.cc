#include "link.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "socket.h"

namespace ossea {
namespace {

constexpr milliseconds kBackoff{100};
constexpr milliseconds kLongestBackoff{5'000};
constexpr milliseconds kFullQueuePause{20};
constexpr milliseconds kHandshakeTimeout{15'000};
constexpr uint64_t kUnadvertisedMaximum = 32 << 20;

const char* name_of(End end) { return end == End::target ? "target" : "source"; }

}  // namespace

Link::Link(LinkOptions options) : options_(std::move(options)) {}

Link::~Link() { drop(); }

Link::Link(Link&& other) noexcept
    : options_(std::move(other.options_)),
      state_(other.state_),
      handle_(std::exchange(other.handle_, nullptr)),
      socket_(std::exchange(other.socket_, -1)),
      retry_at_(other.retry_at_),
      deadline_(other.deadline_),
      was_ready_(other.was_ready_),
      proved_(other.proved_),
      failures_(other.failures_),
      failure_(std::move(other.failure_)),
      multi_conn_(other.multi_conn_),
      has_extents_(other.has_extents_),
      can_zero_(other.can_zero_),
      max_request_(other.max_request_) {}

void Link::drop() {
  if (handle_) nbd_close(std::exchange(handle_, nullptr));
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

void Link::fail(Failure why) {
  drop();
  state_ = State::failed;
  why.end = options_.end;
  failure_ = std::move(why);
}

// Another try later, or the end of tries.
void Link::rest(Failure why) {
  drop();
  deadline_ = {};
  if (proved_) failures_ = 0;
  proved_ = false;
  if (++failures_ > options_.attempts || (!was_ready_ && failures_ == options_.attempts)) return fail(std::move(why));
  state_ = State::resting;
  retry_at_ = Clock::now() + std::min(kBackoff * (1U << std::min(failures_ - 1, 10U)), kLongestBackoff);
}

Failure Link::explain(const char* fallback) const {
  const char* said = nbd_get_error();
  return {.code = "nbd.connection-lost",
          .message = std::string("The connection to the ") + name_of(options_.end) + " was lost: " +
                     (said ? said : fallback) + ".",
          .error_number = nbd_get_errno()};
}

void Link::lost() {
  rest({.code = "nbd.connection-lost",
        .message = std::string("The connection to the ") + name_of(options_.end) + " was lost."});
}

void Link::connect() {
  bool connected = false;
  socket_ = open_socket(options_.address, connected);
  if (socket_ < 0) {
    const int error = errno;
    if (error == EAGAIN && Clock::now() < deadline_) {
      state_ = State::resting;  // the same try: the server has not come round to accepting
      retry_at_ = Clock::now() + kFullQueuePause;
      return;
    }
    return rest({.code = "nbd.connection-lost",
                 .message = std::string("The ") + name_of(options_.end) + " cannot be reached: " +
                            std::strerror(error) + ".",
                 .error_number = error});
  }
  state_ = State::connecting;
  if (connected) handshake();
}

void Link::handshake() {
  state_ = State::handshaking;
  handle_ = nbd_create();
  if (!handle_) return rest(explain("no handle"));
  // the engine checks its own bounds, and every byte it writes was read: libnbd need not do it again
  nbd_set_strict_mode(handle_, 0);
  nbd_set_pread_initialize(handle_, false);
  nbd_set_full_info(handle_, false);
  if (nbd_set_export_name(handle_, options_.address.export_name.c_str()) != 0 ||
      (options_.wants_extents && nbd_add_meta_context(handle_, LIBNBD_CONTEXT_BASE_ALLOCATION) != 0) ||
      nbd_aio_connect_socket(handle_, std::exchange(socket_, -1)) != 0) {
    return rest(explain("the handshake could not begin"));
  }
  if (nbd_aio_is_ready(handle_) == 1) inspect();
}

void Link::prepare(pollfd& wait, Clock::time_point& wake_at) {
  wait = {.fd = -1, .events = 0, .revents = 0};
  if (state_ == State::resting && Clock::now() >= retry_at_) {
    if (deadline_ < retry_at_) deadline_ = Clock::now() + kHandshakeTimeout;
    connect();
  }
  if (state_ == State::resting) wake_at = std::min(wake_at, retry_at_);
  if (state_ == State::connecting || state_ == State::handshaking) wake_at = std::min(wake_at, deadline_);
  if (state_ == State::connecting) wait = {.fd = socket_, .events = POLLOUT, .revents = 0};
  if (handle_) {
    const unsigned direction = nbd_aio_get_direction(handle_);
    wait.fd = nbd_aio_get_fd(handle_);
    if (direction & LIBNBD_AIO_DIRECTION_READ) wait.events |= POLLIN;
    if (direction & LIBNBD_AIO_DIRECTION_WRITE) wait.events |= POLLOUT;
  }
}

bool Link::service(short events) {
  if (state_ == State::ready) {
    if (events == 0) return nbd_aio_is_dead(handle_) == 1 || nbd_aio_is_closed(handle_) == 1;
    advance(events);
    return nbd_aio_is_dead(handle_) == 1 || nbd_aio_is_closed(handle_) == 1;
  }
  if (state_ == State::connecting && events != 0) {
    const int error = socket_error(socket_);
    if (error == 0) {
      handshake();
    } else {
      rest({.code = "nbd.connection-lost",
            .message = std::string("The ") + name_of(options_.end) + " cannot be reached: " + std::strerror(error) + ".",
            .error_number = error});
    }
    return false;
  }
  if (state_ == State::handshaking && events != 0) {
    advance(events);
    if (nbd_aio_is_ready(handle_) == 1) {
      inspect();
    } else if (nbd_aio_is_dead(handle_) == 1 || nbd_aio_is_closed(handle_) == 1) {
      Failure why = explain("the server closed it in the handshake");
      if (why.error_number == ENOENT || why.message.find("no export named") != std::string::npos) {
        why.code = "nbd.export-missing";
        why.message = "The " + std::string(name_of(options_.end)) + " has no such export.";
        // a daemon that has just come back gets its exports a moment later: then it is worth another try
        if (!was_ready_) {
          fail(std::move(why));
          return false;
        }
      }
      rest(std::move(why));
    }
    return false;
  }
  if ((state_ == State::connecting || state_ == State::handshaking) && Clock::now() >= deadline_) {
    rest({.code = "nbd.connection-lost",
          .message = std::string("The ") + name_of(options_.end) + " did not answer the handshake.",
          .error_number = ETIMEDOUT});
  }
  return false;
}

void Link::advance(short events) {
  const unsigned direction = nbd_aio_get_direction(handle_);
  const bool hung_up = (events & (POLLHUP | POLLERR)) != 0;
  // their result is not needed: what it means for the connection is asked from its state
  if ((direction & LIBNBD_AIO_DIRECTION_READ) && (hung_up || (events & POLLIN))) {
    nbd_aio_notify_read(handle_);
  } else if ((direction & LIBNBD_AIO_DIRECTION_WRITE) && (hung_up || (events & POLLOUT))) {
    nbd_aio_notify_write(handle_);
  }
}

void Link::inspect() {
  const std::string who = std::string("The ") + name_of(options_.end);
  const int64_t size = nbd_get_size(handle_);
  if (size < 0) return fail({.code = "peer.protocol", .message = who + " does not tell its size."});
  if (options_.writes && nbd_is_read_only(handle_) != 0) {
    return fail({.code = "nbd.read-only", .message = who + " export is read-only."});
  }
  if (options_.writes && nbd_can_flush(handle_) != 1) {
    return fail({.code = "nbd.no-flush", .message = who + " does not offer FLUSH."});
  }
  const auto actual = static_cast<uint64_t>(size);
  if (options_.exact_size ? actual != options_.size_bytes : actual < options_.size_bytes) {
    return fail({.code = "disk.size-mismatch",
                 .message = who + " export has " + std::to_string(actual) + " bytes, the disk has " +
                            std::to_string(options_.size_bytes) + " bytes."});
  }
  const int64_t maximum = nbd_get_block_size(handle_, LIBNBD_SIZE_MAXIMUM);
  max_request_ = maximum > 0 ? std::min<uint64_t>(maximum, kUnadvertisedMaximum) : kUnadvertisedMaximum;
  if (max_request_ < kClusterBytes || nbd_get_block_size(handle_, LIBNBD_SIZE_MINIMUM) > int64_t{kClusterBytes}) {
    return fail({.code = "peer.protocol", .message = who + " cannot move just one cluster at once."});
  }
  multi_conn_ = nbd_can_multi_conn(handle_) == 1;
  can_zero_ = options_.writes && nbd_can_zero(handle_) == 1;
  has_extents_ =
      options_.wants_extents && nbd_can_meta_context(handle_, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1;
  was_ready_ = true;
  state_ = State::ready;
}

void Link::farewell(milliseconds patience) {
  const auto until = Clock::now() + patience;
  if (state_ == State::ready && nbd_aio_disconnect(handle_, 0) == 0) {
    while (Clock::now() < until && nbd_aio_is_closed(handle_) != 1 && nbd_aio_is_dead(handle_) != 1) {
      Clock::time_point unused = until;
      pollfd wait;
      prepare(wait, unused);
      if (wait.fd < 0) break;
      poll(&wait, 1, 10);
      if (wait.revents != 0) advance(wait.revents);
    }
  }
  drop();
}

}  // namespace ossea
