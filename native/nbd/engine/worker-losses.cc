// How a worker gives up a connection, and how it stops.
#include <algorithm>

#include "worker.h"

namespace ossea {
namespace {

// what was sent before a stop gets this long to be answered, so that nothing is written after the end
constexpr milliseconds kGrace{500};
constexpr milliseconds kFarewell{50};

}  // namespace

// What was sent is waited for a moment, and what was acknowledged is flushed, so that little is to be done again.
// Reads too: nbdkit 1.32 aborts when a client leaves while it answers one.
void Worker::wind_down() {
  const auto until = Clock::now() + kGrace;
  outbox_.clear();
  while (Clock::now() < until && control_.stop() != Control::Stop::at_once) {
    count_last_answers();
    const bool reads = source_.ready() && !source_gone_ && (reads_ > 0 || unit_sent_);
    const bool writes =
        target_ && target_->ready() && !target_gone_ && (writes_ > 0 || flush_sent_ || last_flush());
    if (!reads && !writes) break;
    wait(until);
  }
  count_last_answers();
  if (flush_sent_) control_.end_flush(true);
  if (control_.stop() == Control::Stop::at_once) return;
  if (reads_ == 0 && !unit_sent_) source_.farewell(kFarewell);
  if (target_ && writes_ == 0 && !flush_sent_) target_->farewell(kFarewell);
}

void Worker::count_last_answers() {
  for (const Answer& answer : std::exchange(answers_, {})) {
    if (answer.of == Answer::Of::read) --reads_;
    if (answer.of == Answer::Of::status) unit_sent_ = false;
    if (answer.of == Answer::Of::piece) --writes_;
    if (answer.of == Answer::Of::piece && answer.error == 0) on_piece(*answer.piece);
    if (answer.of == Answer::Of::flush) on_flush(answer.error);
  }
}

// Whether there is still something to flush, now or when another worker's FLUSH is answered.
bool Worker::last_flush() {
  const bool unflushed = std::any_of(acked_.begin(), acked_.end(), [](const DoneRun& run) { return run.written; });
  if (!unflushed || control_.flush_in_doubt()) return false;
  if (control_.begin_flush()) send_flush();
  return true;
}

bool Worker::too_often(unsigned tries, End end, uint64_t offset) {
  if (tries <= request_.limits.attempts) return false;
  control_.fail({.code = "nbd.connection-lost",
                 .message = "The same request lost its connection again and again.",
                 .end = end,
                 .offset = offset});
  return true;
}

void Worker::lose_source() {
  for (const auto& slot : slots_) {
    if (!slot->busy || !slot->reading) continue;
    Segment again = slot->segment;
    ++again.tries;
    ++control_.requests_retried;
    if (too_often(again.tries, End::source, again.offset)) return;
    queue_.give_back(again);
    free_slot(*slot);
  }
  reads_ = 0;
  if (unit_) {
    Unit again = *std::exchange(unit_, std::nullopt);
    unit_sent_ = false;
    ++again.tries;
    if (too_often(again.tries, End::source, again.offset)) return;
    queue_.give_back(again);
  }
  ++control_.requests_retried;
  source_.lost();
  source_gone_ = false;
  control_.wake_all();
}

void Worker::lose_target() {
  // what was on its way still lies in its buffer
  for (const auto& slot : slots_) {
    if (!slot->busy) continue;
    bool in_flight = false;
    for (Piece& piece : slot->pieces) {
      if (!piece.in_flight) continue;
      piece.in_flight = false;
      in_flight = true;
      ++control_.requests_retried;
      outbox_.push_back(&piece);
    }
    if (in_flight && too_often(++slot->segment.tries, End::target, slot->segment.offset)) return;
  }
  writes_ = 0;
  if (std::exchange(flush_sent_, false)) control_.end_flush(false);
  // what it had acknowledged since its last FLUSH may be forgotten
  acked_.insert(acked_.end(), std::make_move_iterator(flushing_.begin()), std::make_move_iterator(flushing_.end()));
  flushing_.clear();
  acked_bytes_ = 0;
  for (const DoneRun& run : acked_) {
    if (!run.written) continue;
    if (too_often(run.tries + 1, End::target, run.offset)) return;
    queue_.give_back({.offset = run.offset, .length = run.length, .zero = !run.data, .counted = true, .tries = run.tries + 1});
  }
  std::erase_if(acked_, [](const DoneRun& run) { return run.written; });
  ++control_.requests_retried;
  target_->lost();
  target_gone_ = false;
  control_.wake_all();
}

}  // namespace ossea
