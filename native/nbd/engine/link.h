// One NBD connection of one worker to one end. It never blocks; it is made again when it is lost.
#pragma once

#include <libnbd.h>
#include <poll.h>

#include "types.h"

namespace ossea {

struct LinkOptions {
  End end = End::source;
  Address address;
  uint64_t size_bytes = 0;
  bool exact_size = false;     // else the export may be larger
  bool writes = false;         // the export must be writable and able to flush
  bool wants_extents = false;  // asks for base:allocation
  unsigned attempts = 3;
};

class Link {
 public:
  explicit Link(LinkOptions options);
  ~Link();
  Link(Link&& other) noexcept;
  Link& operator=(Link&&) = delete;

  bool ready() const { return state_ == State::ready; }
  nbd_handle* handle() const { return handle_; }

  // Before poll(): connects when it is time. Says what to wait for, and brings `wake_at` forward if need be.
  void prepare(pollfd& wait, Clock::time_point& wake_at);
  // After poll(): lets libnbd work. True when a connection that was ready is gone; `lost()` must follow.
  bool service(short events);
  // Gives up this connection; another try follows.
  void lost();
  // A request was answered: earlier losses are forgiven.
  void prove() { proved_ = true; }

  // Set when no further try will be made.
  const std::optional<Failure>& failure() const { return failure_; }

  // Says goodbye to the server; waits no longer than `patience`.
  void farewell(milliseconds patience);
  // Drops the connection at once.
  void drop();

  // What the export said; valid once it was ready.
  bool multi_conn() const { return multi_conn_; }
  bool has_extents() const { return has_extents_; }
  bool can_zero() const { return can_zero_; }
  uint64_t max_request() const { return max_request_; }

 private:
  enum class State { resting, connecting, handshaking, ready, failed };

  void connect();
  void handshake();
  void advance(short events);
  void inspect();
  void rest(Failure why);
  void fail(Failure why);
  Failure explain(const char* fallback) const;

  LinkOptions options_;
  State state_ = State::resting;
  nbd_handle* handle_ = nullptr;
  int socket_ = -1;  // until libnbd owns it
  Clock::time_point retry_at_ = Clock::now();
  Clock::time_point deadline_{};
  bool was_ready_ = false;
  bool proved_ = false;
  unsigned failures_ = 0;
  std::optional<Failure> failure_;
  bool multi_conn_ = false;
  bool has_extents_ = false;
  bool can_zero_ = false;
  uint64_t max_request_ = 0;
};

}  // namespace ossea
