// What is still to be done, shared by the workers of one job.
#pragma once

#include <deque>
#include <mutex>

#include "types.h"

namespace ossea {

// Neighbouring clusters of one kind.
struct Segment {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool zero = false;
  bool counted = false;  // its bytes stand in the progress already: it is done again after a loss
  unsigned tries = 0;    // how often it was lost
};

// A stretch whose extents are asked in one request. Not all of it need be wanted.
struct Unit {
  uint64_t offset = 0;
  uint64_t length = 0;
  unsigned tries = 0;
};

struct Extent {
  uint64_t length = 0;
  bool zero = false;
};

class WorkQueue {
 public:
  // `wanted`: canonical, whole clusters (the last one of the disk may be cut).
  // `drop_zeroes`: what the source calls zero needs no work, because the target is zero already.
  WorkQueue(std::vector<Range> wanted, uint64_t size_bytes, bool drop_zeroes);

  // The next stretch to map, when not enough is mapped yet. Each unit taken comes back by `mapped` or `give_back`.
  std::optional<Unit> take_unit();
  void give_back(Unit unit);

  // Extents from the unit's beginning on, perhaps not to its end. Returns the zero ranges that need no work.
  std::vector<Range> mapped(const Unit& unit, const std::vector<Extent>& extents);

  // Mapped work: data up to the next multiple of `data_bytes`, or zeroes of at most `zero_bytes`.
  std::optional<Segment> take(uint64_t data_bytes, uint64_t zero_bytes);
  void give_back(const Segment& segment);

  // Bytes that are done for good: flushed and journalled. True when these were the last ones.
  bool settle(uint64_t bytes);
  bool complete() const;
  // Nothing can be taken now, and no mapping is under way that could change this.
  bool drained() const;

 private:
  void push(Segment segment);
  std::vector<Range> zero_clusters(const Unit& unit, const std::vector<Extent>& extents, uint64_t covered_end);

  mutable std::mutex mutex_;
  const std::vector<Range> wanted_;
  const uint64_t size_bytes_;
  const bool drop_zeroes_;
  size_t next_wanted_ = 0;
  uint64_t next_offset_ = 0;
  uint64_t unit_bytes_;
  std::deque<Unit> units_;  // to be mapped again
  unsigned mapping_ = 0;
  std::deque<Segment> ready_;
  uint64_t ready_data_bytes_ = 0;
  uint64_t unsettled_bytes_;
};

}  // namespace ossea
