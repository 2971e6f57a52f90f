// What the threads of one job share: the order to stop, the first failure, the counters, the pulse.
#pragma once

#include <atomic>
#include <mutex>

#include "types.h"

namespace ossea {

// An eventfd that ends a poll().
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  int fd() const { return fd_; }
  void wake();
  void drain();

 private:
  int fd_;
};

class Control {
 public:
  enum class Stop { no, gently, at_once };

  // Ends the job: requests that were sent are given a moment to be answered, nothing new is sent.
  void cancel();
  // The environment goes away: everything is dropped where it stands.
  void abandon();
  // The first failure counts; the others are its echoes.
  void fail(Failure failure, Stop how = Stop::gently);

  Stop stop() const { return stop_.load(std::memory_order_acquire); }
  bool stopping() const { return stop() != Stop::no; }
  std::optional<Failure> failure() const;

  // Those who sleep in poll() register here.
  void add(Waker* waker);
  void remove(Waker* waker);
  void wake_all();

  // A request has finished: the job is alive.
  void beat();
  milliseconds since_beat() const;

  // One FLUSH at a time in a whole job: storage reports a lost write once, to whoever asks next. Were two under way,
  // the other one would be told that all is well. False: another one is under way, or one has failed.
  bool begin_flush();
  // `in_doubt`: it failed, or nobody will hear its answer. Then no later one proves anything.
  void end_flush(bool in_doubt);
  bool flush_in_doubt() const { return flush_ == Flush::in_doubt; }

  std::atomic<uint64_t> bytes_total{0};
  std::atomic<uint64_t> bytes_moved{0};
  std::atomic<uint64_t> bytes_zeroed{0};
  std::atomic<uint64_t> bytes_checked{0};
  std::atomic<uint64_t> bytes_resumed{0};
  std::atomic<uint64_t> bytes_read{0};
  std::atomic<uint64_t> requests_retried{0};

 private:
  enum class Flush { none, under_way, in_doubt };

  void raise(Stop how);

  mutable std::mutex mutex_;
  std::optional<Failure> failure_;
  std::vector<Waker*> wakers_;
  std::atomic<Stop> stop_{Stop::no};
  std::atomic<Flush> flush_{Flush::none};
  std::atomic<Clock::rep> beat_{Clock::now().time_since_epoch().count()};
};

}  // namespace ossea
