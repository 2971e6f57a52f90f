// The requests of a worker and what becomes of their answers.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "clusters.h"
#include "ranges.h"
#include "worker.h"

namespace ossea {
namespace {

constexpr milliseconds kBackoff{100};

bool is_loss(int error) { return error == ENOTCONN || error == ESHUTDOWN; }

// A second try may help. Never for a full disk, a forbidden or an impossible request.
bool may_pass(int error) { return error == EIO || error == ENOMEM || error == EAGAIN || error == ETIMEDOUT; }

const char* code_of(int error, bool writes) {
  if (error == ENOSPC || error == EDQUOT) return "storage.full";
  if (writes && (error == EPERM || error == EROFS)) return "nbd.read-only";
  return "nbd.request-failed";
}

}  // namespace

// Callbacks run inside libnbd: they only note what happened.
int Worker::read_done(void* user_data, int* error) {
  auto* slot = static_cast<Slot*>(user_data);
  slot->worker->answers_.push_back({Answer::Of::read, slot, nullptr, *error});
  return 1;
}

int Worker::piece_done(void* user_data, int* error) {
  auto* piece = static_cast<Piece*>(user_data);
  piece->slot->worker->answers_.push_back({Answer::Of::piece, piece->slot, piece, *error});
  return 1;
}

int Worker::status_done(void* user_data, int* error) {
  static_cast<Worker*>(user_data)->answers_.push_back({Answer::Of::status, nullptr, nullptr, *error});
  return 1;
}

int Worker::flush_done(void* user_data, int* error) {
  static_cast<Worker*>(user_data)->answers_.push_back({Answer::Of::flush, nullptr, nullptr, *error});
  return 1;
}

int Worker::extent_seen(void* user_data, const char* context, uint64_t, uint32_t* entries, size_t count, int*) {
  if (std::strcmp(context, LIBNBD_CONTEXT_BASE_ALLOCATION) != 0) return 0;
  auto& extents = static_cast<Worker*>(user_data)->extents_;
  for (size_t i = 0; i + 1 < count; i += 2) {
    extents.push_back({.length = entries[i], .zero = (entries[i + 1] & LIBNBD_STATE_ZERO) != 0});
  }
  return 0;
}

void Worker::map(const Unit& unit) {
  if (!source_.has_extents()) {
    extents_.assign(1, {.length = unit.length, .zero = false});
    return on_status();
  }
  extents_.clear();
  const int64_t sent = nbd_aio_block_status(source_.handle(), unit.length, unit.offset,
                                            {.callback = extent_seen, .user_data = this, .free = nullptr},
                                            {.callback = status_done, .user_data = this, .free = nullptr}, 0);
  if (sent < 0) {
    source_gone_ = true;
  } else {
    unit_sent_ = true;
  }
}

void Worker::send_read(Slot& slot) {
  slot.reading = true;
  const Segment& segment = slot.segment;
  const int64_t sent = nbd_aio_pread(source_.handle(), slot.buffer.bytes(), segment.length, segment.offset,
                                     {.callback = read_done, .user_data = &slot, .free = nullptr}, 0);
  // a lost connection takes its reads back
  if (sent < 0) source_gone_ = true;
  ++reads_;
}

void Worker::send_piece(Piece& piece) {
  const nbd_completion_callback done = {.callback = piece_done, .user_data = &piece, .free = nullptr};
  Slot& slot = *piece.slot;
  const bool as_bytes = !piece.zero || !target_->can_zero();
  // after a reconnection the server may have fewer abilities than the one the piece was cut for
  if (as_bytes && piece.length > share_.request_bytes) return split_zeroes(slot);
  piece.in_flight = true;
  ++writes_;
  int64_t sent;
  if (!as_bytes) {
    sent = nbd_aio_zero(target_->handle(), piece.length, piece.offset, done, 0);
  } else {
    if (slot.segment.zero) std::fill_n(slot.buffer.bytes(), piece.length, uint8_t{0});
    const uint8_t* bytes = slot.buffer.bytes() + (piece.offset - slot.segment.offset);
    sent = nbd_aio_pwrite(target_->handle(), bytes, piece.length, piece.offset, done, 0);
  }
  if (sent < 0) target_gone_ = true;
}

void Worker::send_flush() {
  flushing_ = std::exchange(acked_, {});
  acked_bytes_ = 0;
  flush_sent_ = true;
  const int64_t sent =
      nbd_aio_flush(target_->handle(), {.callback = flush_done, .user_data = this, .free = nullptr}, 0);
  if (sent < 0) target_gone_ = true;
}

void Worker::handle_answers() {
  // handling one may send the next request, but answers come only from service()
  for (const Answer& answer : std::exchange(answers_, {})) {
    if (control_.stopping()) {
      answers_.push_back(answer);  // the winding down counts them
    } else {
      handle(answer);
    }
  }
  if (control_.stopping()) return;
  if (source_gone_) lose_source();
  if (target_ && target_gone_ && !control_.stopping()) lose_target();
}

void Worker::handle(const Answer& answer) {
  if (is_loss(answer.error)) {
    // it stays in flight: the lost connection takes it back
    const bool of_source = answer.of == Answer::Of::read || answer.of == Answer::Of::status;
    (of_source ? source_gone_ : target_gone_) = true;
    return;
  }
  if (answer.of == Answer::Of::read) {
    answer.slot->reading = false;
    --reads_;
  } else if (answer.of == Answer::Of::piece) {
    answer.piece->in_flight = false;
    --writes_;
  } else if (answer.of == Answer::Of::flush) {
    on_flush(answer.error);
  }
  if (answer.error != 0) return on_error(answer);
  control_.beat();
  switch (answer.of) {
    case Answer::Of::read:
      source_.prove();
      return on_read(*answer.slot);
    case Answer::Of::piece:
      target_->prove();
      return on_piece(*answer.piece);
    case Answer::Of::status:
      source_.prove();
      return on_status();
    case Answer::Of::flush:
      return target_->prove();
  }
}

void Worker::on_read(Slot& slot) {
  const Segment& segment = slot.segment;
  const uint8_t* bytes = slot.buffer.bytes();
  control_.bytes_read += segment.length;
  slot.tries = 0;
  slot.pieces.clear();
  slot.pieces.reserve(align_up(segment.length, kClusterBytes) / kClusterBytes);  // pieces are pointed at
  uint64_t from = 0;
  bool run_zero = false;
  std::vector<Digest> digests;
  const auto end_run = [&](uint64_t to) {
    if (to == from) return;
    DoneRun run{.first_cluster = (segment.offset + from) / kClusterBytes,
                .cluster_count = align_up(to - from, kClusterBytes) / kClusterBytes,
                .offset = segment.offset + from,
                .length = to - from,
                .written = false};
    if (!target_) {
      run.digests = std::exchange(digests, {});
      record(std::move(run), segment.counted);
    } else if (run_zero && request_.work == Work::full && request_.target_is_zero) {
      record(std::move(run), segment.counted);
    } else {
      add_piece(slot, run.offset, run.length, run_zero, std::exchange(digests, {}));
    }
    from = to;
  };
  for (uint64_t at = 0; at < segment.length; at += kClusterBytes) {
    const size_t length = std::min(kClusterBytes, segment.length - at);
    const bool zero = target_ && is_zero(bytes + at, length);
    if (zero != run_zero) end_run(at);
    run_zero = zero;
    if (!zero) digests.push_back(digest_of(bytes + at, length));
  }
  end_run(segment.length);
  if (slot.open_pieces == 0) free_slot(slot);
}

void Worker::on_piece(Piece& piece) {
  Slot& slot = *piece.slot;
  record({.first_cluster = piece.offset / kClusterBytes,
          .cluster_count = align_up(piece.length, kClusterBytes) / kClusterBytes,
          .offset = piece.offset,
          .length = piece.length,
          .data = !piece.zero,
          .tries = slot.segment.tries,
          .digests = std::move(piece.digests)},
         slot.segment.counted);
  if (--slot.open_pieces == 0) free_slot(slot);
}

void Worker::on_status() {
  const Unit unit = *std::exchange(unit_, std::nullopt);
  unit_sent_ = false;
  record_dropped(queue_.mapped(unit, extents_));
  control_.wake_all();
}

void Worker::on_flush(int error) {
  flush_sent_ = false;
  control_.end_flush(error != 0);
  if (error == 0) finisher_.finished(std::exchange(flushing_, {}));
}

// Some servers take no more zeroes than bytes in one request.
void Worker::split_zeroes(Slot& slot) {
  zero_bytes_ = share_.request_bytes;
  queue_.give_back(slot.segment);
  free_slot(slot);
}

void Worker::on_error(const Answer& answer) {
  const int error = answer.error;
  const bool writes = answer.of == Answer::Of::piece || answer.of == Answer::Of::flush;
  unsigned tries = request_.limits.attempts;  // a failed FLUSH is not repeated: the next one may lie
  std::optional<uint64_t> offset;
  const char* what = "flush";
  if (answer.of == Answer::Of::read) {
    what = "read";
    tries = ++answer.slot->tries;
    offset = answer.slot->segment.offset;
  } else if (answer.of == Answer::Of::piece) {
    what = answer.piece->zero ? "write-zeroes" : "write";
    tries = ++answer.piece->tries;
    offset = answer.piece->offset;
    const bool oversized = answer.piece->zero && answer.piece->length > share_.request_bytes;
    if (oversized && (error == EINVAL || error == EOVERFLOW)) return split_zeroes(*answer.slot);
  } else if (answer.of == Answer::Of::status) {
    what = "block-status";
    tries = ++unit_tries_;
    offset = unit_->offset;
  }
  if (!may_pass(error) || tries >= request_.limits.attempts) {
    return control_.fail({.code = code_of(error, writes),
                          .message = std::string("The NBD server failed a ") + what +
                                     (offset ? " at " + std::to_string(*offset) : "") + ": " + std::strerror(error) + ".",
                          .end = writes ? End::target : End::source,
                          .error_number = error,
                          .offset = offset});
  }
  ++control_.requests_retried;
  if (answer.of == Answer::Of::status) {
    unit_sent_ = false;  // the next round asks again
    return;
  }
  later_.push_back({Clock::now() + kBackoff * (1U << std::min(tries - 1, 6U)), answer.slot, answer.piece});
}

}  // namespace ossea
