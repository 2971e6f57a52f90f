#include "job.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "ranges.h"

namespace ossea {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr milliseconds kProgressInterval{100};
constexpr int kNice = 10;

// The copy must not be felt by the thread that serves requests; signals belong to that one alone.
void calm_this_thread() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Job::Job(Request request) : request_(std::move(request)) { control_.add(&waker_); }

Job::~Job() { control_.remove(&waker_); }

void Job::run(const std::function<void()>& on_progress) noexcept {
  calm_this_thread();
  pthread_setname_np(pthread_self(), "ossea-job");
  const auto started = Clock::now();
  try {
    supervise(on_progress);
  } catch (const EngineError& error) {
    control_.fail(error.failure);
  } catch (const std::exception& error) {
    control_.fail({.code = "internal.unexpected", .message = error.what()});
  }
  for (std::thread& thread : threads_) thread.join();
  // destroyed while their handles can still let go of their buffers
  workers_.clear();
  try {
    // what was flushed before the end counts, however the job ended
    if (queue_ && control_.stop() != Control::Stop::at_once) settle();
  } catch (const EngineError& error) {
    control_.fail(error.failure);
  } catch (const std::exception& error) {
    control_.fail({.code = "internal.unexpected", .message = error.what()});
  }
  source_.reset();
  target_.reset();
  journal_.reset();
  // a failure that came after the last checkpoint changes nothing
  const bool complete = queue_ && queue_->complete();
  if (!complete) {
    failure_ = control_.failure();
    if (!failure_) failure_ = {.code = "internal.unexpected", .message = "The job ended before its work did."};
  }
  static_cast<Progress&>(result_) = progress();
  result_.bytes_resumed = control_.bytes_resumed;
  result_.bytes_read = control_.bytes_read;
  result_.requests_retried += control_.requests_retried;
  result_.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  std::sort(result_.digests.begin(), result_.digests.end());
}

void Job::supervise(const std::function<void()>& on_progress) {
  check_request();
  open_first();
  if (control_.stopping()) return;
  plan();
  start_workers();
  watch(on_progress);
}

void Job::check_request() const {
  if (request_.size_bytes == 0 || request_.size_bytes % kSectorBytes != 0) {
    throw EngineError({.code = "disk.size-invalid",
                       .message = std::to_string(request_.size_bytes) +
                                  " bytes is no size above zero in whole sectors of 512 bytes."});
  }
}

Link Job::make_link(End end) const {
  return Link({.end = end,
               .address = end == End::source ? request_.source : request_.target,
               .size_bytes = request_.size_bytes,
               .exact_size = end == End::source && copies(),
               .writes = end == End::target,
               .wants_extents = end == End::source,
               .attempts = request_.limits.attempts});
}

// What the first connections say decides how many more there may be.
void Job::open_first() {
  source_.emplace(make_link(End::source));
  if (copies()) target_.emplace(make_link(End::target));
  control_.beat();
  while (!control_.stopping() && !(source_->ready() && (!target_ || target_->ready()))) {
    Clock::time_point wake_at = Clock::now() + kProgressInterval;
    pollfd waits[3] = {{.fd = waker_.fd(), .events = POLLIN, .revents = 0},
                       {.fd = -1, .events = 0, .revents = 0},
                       {.fd = -1, .events = 0, .revents = 0}};
    source_->prepare(waits[1], wake_at);
    if (target_) target_->prepare(waits[2], wake_at);
    const auto left = std::chrono::ceil<milliseconds>(wake_at - Clock::now());
    poll(waits, 3, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (waits[0].revents != 0) waker_.drain();
    // one that is ready already may be lost while it waits for the other
    if (source_->service(waits[1].revents)) source_->lost();
    if (target_ && target_->service(waits[2].revents)) target_->lost();
    if (source_->failure()) throw EngineError(*source_->failure());
    if (target_ && target_->failure()) throw EngineError(*target_->failure());
    check_pulse();
  }
  if (control_.stopping()) return;
  max_request_ = std::min(source_->max_request(), target_ ? target_->max_request() : source_->max_request());
  // a server that promises nothing for several connections gets one
  if (source_->multi_conn() && (!target_ || target_->multi_conn())) worker_count_ = request_.limits.connections;
}

void Job::plan() {
  std::vector<Range> wanted = request_.ranges;
  if (request_.work == Work::full) wanted.assign(1, {0, request_.size_bytes});
  wanted = widen_to_clusters(std::move(wanted), request_.size_bytes);
  control_.bytes_total = sum_ranges(wanted);
  if (copies()) {
    journal_ = std::make_unique<Journal>(request_.journal_path, request_.identity_hash, request_.size_bytes);
    wanted = subtract_ranges(wanted, journal_->finished());
  }
  control_.bytes_resumed = control_.bytes_total - sum_ranges(wanted);
  queue_ = std::make_unique<WorkQueue>(std::move(wanted), request_.size_bytes,
                                       request_.work == Work::full && request_.target_is_zero);
  // also with nothing left to do there is a checkpoint: what is journalled is what was flushed
  if (copies() && queue_->complete()) journal_->append({});
}

// Reads and writes are limited each for itself, so there are slots for both; all of them fit the byte limit.
Share Job::share(unsigned workers) const {
  const Limits& limits = request_.limits;
  const uint64_t bytes = std::max(limits.bytes_in_flight / workers, kClusterBytes);
  const uint64_t most = std::min({limits.request_bytes, max_request_, bytes});
  Share share;
  share.request_bytes = std::max(align_down(most, kClusterBytes), kClusterBytes);
  share.requests = std::max(limits.requests_in_flight, 1U);
  share.slots = static_cast<unsigned>(
      std::clamp<uint64_t>(bytes / share.request_bytes, 1, copies() ? 2ULL * share.requests : share.requests));
  share.checkpoint_bytes = std::max(limits.checkpoint_bytes / workers, kClusterBytes);
  return share;
}

void Job::start_workers() {
  const uint64_t most = std::max<uint64_t>(request_.limits.bytes_in_flight / kClusterBytes, 1);
  worker_count_ = static_cast<unsigned>(std::clamp<uint64_t>(worker_count_, 1, most));
  const Share each = share(worker_count_);
  for (unsigned i = 0; i < worker_count_; ++i) {
    Link source = i == 0 ? std::move(*source_) : make_link(End::source);
    std::optional<Link> target;
    if (copies()) target.emplace(i == 0 ? std::move(*target_) : make_link(End::target));
    workers_.push_back(std::make_unique<Worker>(request_, each, control_, *queue_, *this, std::move(source),
                                                std::move(target), i > 0));
  }
  for (const auto& worker : workers_) {
    threads_.emplace_back([&worker = *worker] {
      pthread_setname_np(pthread_self(), "ossea-copy");
      worker.run();
    });
  }
}

void Job::watch(const std::function<void()>& on_progress) {
  auto told_at = Clock::now() - kProgressInterval;
  Progress last;
  while (!control_.stopping() && !queue_->complete()) {
    pollfd wait = {.fd = waker_.fd(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, static_cast<int>(kProgressInterval.count()));
    if (wait.revents != 0) waker_.drain();
    settle();
    if (Clock::now() - told_at >= kProgressInterval) {
      const Progress now = progress();
      if (now.bytes_done != last.bytes_done || now.bytes_total != last.bytes_total) on_progress();
      last = now;
      told_at = Clock::now();
    }
    check_pulse();
  }
}

void Job::check_pulse() {
  if (control_.since_beat() < request_.limits.stall_timeout) return;
  control_.fail({.code = "copy.stalled",
                 .message = "No request finished for " + std::to_string(request_.limits.stall_timeout.count()) + " ms."},
                Control::Stop::at_once);
}

void Job::finished(std::vector<DoneRun> runs) {
  {
    const std::lock_guard lock(mailbox_mutex_);
    mailbox_.insert(mailbox_.end(), std::make_move_iterator(runs.begin()), std::make_move_iterator(runs.end()));
  }
  waker_.wake();
}

// Makes flushed runs durable in the journal; only then they are done for good.
void Job::settle() {
  std::vector<DoneRun> runs;
  {
    const std::lock_guard lock(mailbox_mutex_);
    runs.swap(mailbox_);
  }
  if (runs.empty()) return;
  uint64_t bytes = 0;
  for (const DoneRun& run : runs) bytes += run.length;
  if (journal_) {
    journal_->append(std::move(runs));
    control_.beat();
  } else {
    for (const DoneRun& run : runs) {
      for (size_t i = 0; i < run.digests.size(); ++i) {
        result_.digests.emplace_back(run.first_cluster + i, run.digests[i]);
      }
    }
  }
  if (queue_->settle(bytes)) control_.wake_all();
}

Progress Job::progress() const {
  const uint64_t moved = control_.bytes_moved;
  const uint64_t zeroed = control_.bytes_zeroed;
  const uint64_t done = control_.bytes_resumed + moved + zeroed + control_.bytes_checked;
  const uint64_t total = control_.bytes_total;
  const std::lock_guard lock(progress_mutex_);
  told_.bytes_total = total;
  told_.bytes_moved = std::max(told_.bytes_moved, moved);
  told_.bytes_zeroed = std::max(told_.bytes_zeroed, zeroed);
  told_.bytes_done = std::max(told_.bytes_done, std::min(done, total));
  return told_;
}

}  // namespace ossea
