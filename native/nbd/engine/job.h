// One copy or one digest, from the first connection to the last checkpoint.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "control.h"
#include "journal.h"
#include "worker.h"

namespace ossea {

class Job : public Finisher {
 public:
  explicit Job(Request request);
  ~Job() override;

  // Blocks until the job has ended and all its threads are gone: give it a thread of its own.
  // `on_progress` is called on this thread, at most ten times a second.
  void run(const std::function<void()>& on_progress) noexcept;

  // Instead of run(), when there is no thread for it: the failure told to control() is the outcome.
  void give_up() { failure_ = control_.failure(); }

  // From any thread.
  Control& control() { return control_; }
  Progress progress() const;

  // After run().
  const std::optional<Failure>& failure() const { return failure_; }
  const Result& result() const { return result_; }

 private:
  void finished(std::vector<DoneRun> runs) override;
  void supervise(const std::function<void()>& on_progress);
  void check_request() const;
  void open_first();
  void plan();
  Share share(unsigned workers) const;
  void start_workers();
  void watch(const std::function<void()>& on_progress);
  void check_pulse();
  void settle();
  Link make_link(End end) const;
  bool copies() const { return request_.work != Work::digest; }

  const Request request_;
  Control control_;
  Waker waker_;
  std::optional<Link> source_;
  std::optional<Link> target_;
  uint64_t max_request_ = 0;
  unsigned worker_count_ = 1;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<WorkQueue> queue_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;

  std::mutex mailbox_mutex_;
  std::vector<DoneRun> mailbox_;
  mutable std::mutex progress_mutex_;
  mutable Progress told_;
  Result result_;
  std::optional<Failure> failure_;
};

}  // namespace ossea
