#include "work-queue.h"

#include <algorithm>

#include "ranges.h"

namespace ossea {
namespace {

constexpr uint64_t kUnitBytes = 128ULL << 20;
// where a disk is empty, larger steps cost nothing
constexpr uint64_t kLargestUnitBytes = 1ULL << 30;
// so much mapped data keeps every worker busy while the next unit is mapped
constexpr uint64_t kAheadBytes = 64ULL << 20;
constexpr size_t kAheadSegments = 4096;

}  // namespace

WorkQueue::WorkQueue(std::vector<Range> wanted, uint64_t size_bytes, bool drop_zeroes)
    : wanted_(std::move(wanted)),
      size_bytes_(size_bytes),
      drop_zeroes_(drop_zeroes),
      next_offset_(wanted_.empty() ? 0 : wanted_.front().offset),
      unit_bytes_(kUnitBytes),
      unsettled_bytes_(sum_ranges(wanted_)) {}

std::optional<Unit> WorkQueue::take_unit() {
  const std::lock_guard lock(mutex_);
  if (ready_data_bytes_ >= kAheadBytes || ready_.size() >= kAheadSegments) return std::nullopt;
  if (!units_.empty()) {
    const Unit unit = units_.front();
    units_.pop_front();
    ++mapping_;
    return unit;
  }
  if (next_wanted_ == wanted_.size()) return std::nullopt;
  const uint64_t start = next_offset_;
  const uint64_t border = align_down(start, unit_bytes_) + unit_bytes_;
  uint64_t end = start;
  while (next_wanted_ < wanted_.size() && wanted_[next_wanted_].offset < border) {
    end = std::min(wanted_[next_wanted_].end(), border);
    if (wanted_[next_wanted_].end() > border) break;
    ++next_wanted_;
  }
  if (next_wanted_ < wanted_.size()) next_offset_ = std::max(end, wanted_[next_wanted_].offset);
  ++mapping_;
  return Unit{start, end - start, 0};
}

void WorkQueue::give_back(Unit unit) {
  const std::lock_guard lock(mutex_);
  --mapping_;
  units_.push_back(unit);
}

// Only clusters that are zero as a whole: one byte of data makes a data cluster.
std::vector<Range> WorkQueue::zero_clusters(const Unit& unit, const std::vector<Extent>& extents,
                                            uint64_t covered_end) {
  std::vector<Range> zeroes;
  uint64_t at = unit.offset;
  for (const Extent& extent : extents) {
    if (at >= covered_end) break;
    const uint64_t length = std::min(extent.length, covered_end - at);
    if (extent.zero) zeroes.push_back({at, length});
    at += length;
  }
  zeroes = merge_ranges(std::move(zeroes));
  for (Range& range : zeroes) {
    const uint64_t from = align_up(range.offset, kClusterBytes);
    const uint64_t to = range.end() >= size_bytes_ ? size_bytes_ : align_down(range.end(), kClusterBytes);
    range = to > from ? Range{from, to - from} : Range{};
  }
  return merge_ranges(std::move(zeroes));
}

std::vector<Range> WorkQueue::mapped(const Unit& unit, const std::vector<Extent>& extents) {
  const uint64_t unit_end = unit.offset + unit.length;
  uint64_t covered_end = unit.offset;
  for (const Extent& extent : extents) {
    if (covered_end < unit_end) covered_end += std::min(extent.length, unit_end - covered_end);
  }
  if (covered_end < unit_end) {
    covered_end = align_down(covered_end, kClusterBytes);
    // an answer of less than a cluster: take this cluster for data, which is always right, and go on
    if (covered_end <= unit.offset) covered_end = std::min(unit.offset + kClusterBytes, unit_end);
  }
  const std::vector<Range> zeroes = zero_clusters(unit, extents, covered_end);
  const bool all_zero = zeroes.size() == 1 && zeroes.front().length == unit.length;

  const std::lock_guard lock(mutex_);
  --mapping_;
  unit_bytes_ = all_zero ? std::min(unit_bytes_ * 2, kLargestUnitBytes) : kUnitBytes;
  std::vector<Range> dropped;
  auto wanted = std::partition_point(wanted_.begin(), wanted_.end(),
                                     [&](const Range& range) { return range.end() <= unit.offset; });
  auto zero = zeroes.begin();
  for (; wanted != wanted_.end() && wanted->offset < covered_end; ++wanted) {
    uint64_t at = std::max(wanted->offset, unit.offset);
    const uint64_t end = std::min(wanted->end(), covered_end);
    while (at < end) {
      while (zero != zeroes.end() && zero->end() <= at) ++zero;
      const bool inside = zero != zeroes.end() && zero->offset <= at;
      const uint64_t border = zero == zeroes.end() ? end : std::min(end, inside ? zero->end() : zero->offset);
      if (inside && drop_zeroes_) {
        dropped.push_back({at, border - at});
      } else {
        push({.offset = at, .length = border - at, .zero = inside});
      }
      at = border;
    }
  }
  if (covered_end < unit_end) units_.push_front({covered_end, unit_end - covered_end, unit.tries});
  return dropped;
}

void WorkQueue::push(Segment segment) {
  if (!segment.zero) ready_data_bytes_ += segment.length;
  if (!ready_.empty()) {
    Segment& last = ready_.back();
    if (last.zero == segment.zero && last.offset + last.length == segment.offset && !last.counted && last.tries == 0) {
      last.length += segment.length;
      return;
    }
  }
  ready_.push_back(segment);
}

std::optional<Segment> WorkQueue::take(uint64_t data_bytes, uint64_t zero_bytes) {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return std::nullopt;
  Segment& first = ready_.front();
  Segment taken = first;
  const uint64_t most = first.zero ? zero_bytes : data_bytes - first.offset % data_bytes;
  taken.length = std::min(first.length, most);
  if (!taken.zero) ready_data_bytes_ -= taken.length;
  first.offset += taken.length;
  first.length -= taken.length;
  if (first.length == 0) ready_.pop_front();
  return taken;
}

void WorkQueue::give_back(const Segment& segment) {
  const std::lock_guard lock(mutex_);
  if (!segment.zero) ready_data_bytes_ += segment.length;
  ready_.push_front(segment);
}

bool WorkQueue::settle(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  unsettled_bytes_ -= bytes;
  return unsettled_bytes_ == 0;
}

bool WorkQueue::complete() const {
  const std::lock_guard lock(mutex_);
  return unsettled_bytes_ == 0;
}

bool WorkQueue::drained() const {
  const std::lock_guard lock(mutex_);
  return ready_.empty() && units_.empty() && mapping_ == 0 && next_wanted_ == wanted_.size();
}

}  // namespace ossea
