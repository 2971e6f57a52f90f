#include "control.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace ossea {

Waker::Waker() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Waker::~Waker() { close(fd_); }

void Waker::wake() {
  const uint64_t one = 1;
  // it can only fail because it is already awake
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

void Waker::drain() {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof count);
}

void Control::cancel() { fail({.code = "call.aborted", .message = "The copy was cancelled."}); }

void Control::abandon() {
  fail({.code = "call.aborted", .message = "The environment of the copy has ended."}, Stop::at_once);
}

void Control::fail(Failure failure, Stop how) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
  }
  raise(how);
}

void Control::raise(Stop how) {
  Stop now = stop();
  while (now < how && !stop_.compare_exchange_weak(now, how, std::memory_order_acq_rel)) {
  }
  wake_all();
}

std::optional<Failure> Control::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Control::add(Waker* waker) {
  const std::lock_guard lock(mutex_);
  wakers_.push_back(waker);
}

void Control::remove(Waker* waker) {
  const std::lock_guard lock(mutex_);
  std::erase(wakers_, waker);
}

void Control::wake_all() {
  const std::lock_guard lock(mutex_);
  for (Waker* waker : wakers_) waker->wake();
}

bool Control::begin_flush() {
  Flush expected = Flush::none;
  return flush_.compare_exchange_strong(expected, Flush::under_way);
}

void Control::end_flush(bool in_doubt) {
  flush_ = in_doubt ? Flush::in_doubt : Flush::none;
  wake_all();
}

void Control::beat() { beat_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed); }

milliseconds Control::since_beat() const {
  const Clock::time_point last{Clock::duration{beat_.load(std::memory_order_relaxed)}};
  return std::chrono::duration_cast<milliseconds>(Clock::now() - last);
}

}  // namespace ossea
