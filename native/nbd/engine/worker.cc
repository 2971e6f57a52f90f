#include "worker.h"

#include <algorithm>
#include <cerrno>

#include "clusters.h"
#include "ranges.h"

namespace ossea {
namespace {

constexpr uint64_t kLargestZeroBytes = 256ULL << 20;
constexpr size_t kMostRunsUnflushed = 16'384;
constexpr size_t kDigestBatch = 64;
constexpr milliseconds kFarewell{200};
constexpr milliseconds kIdle{1'000};
constexpr milliseconds kRetryPause{50};

}  // namespace

Worker::Worker(const Request& request, const Share& share, Control& control, WorkQueue& queue, Finisher& finisher,
               Link source, std::optional<Link> target, bool expendable)
    : request_(request),
      share_(share),
      control_(control),
      queue_(queue),
      finisher_(finisher),
      source_(std::move(source)),
      expendable_(expendable),
      zero_bytes_(kLargestZeroBytes) {
  if (target) target_.emplace(std::move(*target));
  for (unsigned i = 0; i < share.slots; ++i) slots_.push_back(std::make_unique<Slot>(this, share.request_bytes));
  control_.add(&waker_);
}

Worker::~Worker() {
  control_.remove(&waker_);
  // libnbd must let go of the buffers before they are unmapped
  source_.drop();
  if (target_) target_->drop();
}

void Worker::run() noexcept {
  try {
    loop();
    if (control_.stopping()) {
      wind_down();
    } else {
      source_.farewell(kFarewell);
      if (target_) target_->farewell(kFarewell);
    }
  } catch (const EngineError& error) {
    control_.fail(error.failure);
  } catch (const std::exception& error) {
    control_.fail({.code = "internal.unexpected", .message = error.what()});
  }
  source_.drop();
  if (target_) target_->drop();
}

void Worker::loop() {
  while (!control_.stopping() && !queue_.complete()) {
    if (!check_links()) return;
    if (joined_) {
      resume_later();
      if (target_) pump_target();
      pump_source();
      if (target_) pump_target();
      if (!target_ && idle() && queue_.drained()) hand_over();
    }
    Clock::time_point wake_at = Clock::now() + kIdle;
    for (const Later& later : later_) wake_at = std::min(wake_at, later.at);
    if (source_gone_ || target_gone_) wake_at = Clock::now();
    wait(wake_at);
    handle_answers();
  }
}

// False when this worker is not needed any more.
bool Worker::check_links() {
  for (Link* link : {&source_, target_ ? &*target_ : nullptr}) {
    if (!link || !link->failure()) continue;
    if (expendable_ && !joined_) return false;
    control_.fail(*link->failure());
    return false;
  }
  if (!joined_ && source_.ready() && (!target_ || target_->ready())) joined_ = true;
  return true;
}

void Worker::wait(Clock::time_point wake_at) {
  pollfd waits[3] = {{.fd = waker_.fd(), .events = POLLIN, .revents = 0}, {.fd = -1, .events = 0, .revents = 0},
                     {.fd = -1, .events = 0, .revents = 0}};
  source_.prepare(waits[1], wake_at);
  if (target_) target_->prepare(waits[2], wake_at);
  const auto left = std::chrono::ceil<milliseconds>(wake_at - Clock::now());
  poll(waits, 3, static_cast<int>(std::clamp<int64_t>(left.count(), 0, 10'000)));
  if (waits[0].revents != 0) waker_.drain();
  const bool was_ready = source_.ready() && (!target_ || target_->ready());
  if (source_.service(waits[1].revents)) source_gone_ = true;
  if (target_ && target_->service(waits[2].revents)) target_gone_ = true;
  if (!was_ready && source_.ready() && (!target_ || target_->ready())) control_.beat();
}

bool Worker::idle() const { return busy_ == 0 && !unit_; }

void Worker::resume_later() {
  const auto now = Clock::now();
  for (size_t i = 0; i < later_.size();) {
    if (later_[i].at > now) {
      ++i;
      continue;
    }
    const Later due = later_[i];
    // a read waits until there is a connection again; a write waits in the outbox
    if (!due.piece && (!source_.ready() || source_gone_)) {
      later_[i].at = now + kRetryPause;
      continue;
    }
    later_.erase(later_.begin() + static_cast<ptrdiff_t>(i));
    if (due.piece) {
      outbox_.push_front(due.piece);
    } else {
      send_read(*due.slot);
    }
  }
}

void Worker::pump_source() {
  if (!source_.ready() || source_gone_) return;
  if (!unit_) {
    unit_ = queue_.take_unit();
    unit_tries_ = 0;
  }
  if (unit_ && !unit_sent_) map(*unit_);
  bool took = false;
  while (reads_ < share_.requests && busy_ < slots_.size() && !source_gone_) {
    const bool only_bytes = target_ && !target_->can_zero();
    const auto segment = queue_.take(share_.request_bytes, only_bytes ? share_.request_bytes : zero_bytes_);
    if (!segment) break;
    took = true;
    begin(*segment);
  }
  // the others may now flush what they have
  if (took && queue_.drained()) control_.wake_all();
}

void Worker::begin(Segment segment) {
  if (!target_ && segment.zero) {
    const uint64_t clusters = align_up(segment.length, kClusterBytes) / kClusterBytes;
    std::vector<Digest> digests(clusters, digest_of_zeroes(std::min(kClusterBytes, segment.length)));
    if (segment.length % kClusterBytes != 0) digests.back() = digest_of_zeroes(segment.length % kClusterBytes);
    control_.beat();
    return record({.first_cluster = segment.offset / kClusterBytes,
                   .cluster_count = clusters,
                   .offset = segment.offset,
                   .length = segment.length,
                   .digests = std::move(digests)},
                  false);
  }
  const auto free = std::find_if(slots_.begin(), slots_.end(), [](const auto& slot) { return !slot->busy; });
  Slot& slot = **free;
  slot.busy = true;
  ++busy_;
  slot.segment = segment;
  slot.pieces.clear();
  if (!segment.zero) return send_read(slot);
  slot.pieces.reserve(1);
  add_piece(slot, segment.offset, segment.length, true, {});
}

void Worker::add_piece(Slot& slot, uint64_t offset, uint64_t length, bool zero, std::vector<Digest> digests) {
  slot.pieces.push_back({.slot = &slot, .offset = offset, .length = length, .zero = zero, .digests = std::move(digests)});
  ++slot.open_pieces;
  outbox_.push_back(&slot.pieces.back());
}

void Worker::free_slot(Slot& slot) {
  slot.busy = false;
  slot.reading = false;
  slot.tries = 0;
  slot.open_pieces = 0;
  --busy_;
}

void Worker::pump_target() {
  if (!target_->ready() || target_gone_) return;
  if (!flush_sent_ && may_flush() && control_.begin_flush()) send_flush();
  while (!outbox_.empty() && writes_ < share_.requests && !target_gone_) {
    Piece& piece = *outbox_.front();
    outbox_.pop_front();
    send_piece(piece);
  }
}

bool Worker::may_flush() const {
  if (acked_.empty()) return false;
  if (acked_bytes_ >= share_.checkpoint_bytes || acked_.size() >= kMostRunsUnflushed) return true;
  return idle() && queue_.drained();
}

void Worker::record(DoneRun run, bool counted) {
  if (!counted && !target_) control_.bytes_checked += run.length;
  if (!counted && target_) (run.data ? control_.bytes_moved : control_.bytes_zeroed) += run.length;
  // zeroes carry no bytes, but each is some metadata to lose
  if (run.written) acked_bytes_ += run.data ? run.length : 4096;
  acked_.push_back(std::move(run));
  if (!target_ && acked_.size() >= kDigestBatch) hand_over();
}

// A digest writes nothing that would need a FLUSH.
void Worker::hand_over() {
  if (!acked_.empty()) finisher_.finished(std::exchange(acked_, {}));
}

void Worker::record_dropped(const std::vector<Range>& ranges) {
  for (const Range& range : ranges) {
    control_.bytes_total -= range.length;
    acked_.push_back({.first_cluster = range.offset / kClusterBytes,
                      .cluster_count = align_up(range.length, kClusterBytes) / kClusterBytes,
                      .offset = range.offset,
                      .length = range.length,
                      .written = false});
  }
}

}  // namespace ossea
