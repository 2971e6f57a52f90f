#include "ranges.h"

#include <algorithm>

namespace ossea {

uint64_t align_down(uint64_t value, uint64_t unit) { return value - value % unit; }

uint64_t align_up(uint64_t value, uint64_t unit) { return align_down(value + unit - 1, unit); }

std::vector<Range> merge_ranges(std::vector<Range> ranges) {
  std::erase_if(ranges, [](const Range& range) { return range.length == 0; });
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.offset < b.offset; });
  std::vector<Range> merged;
  for (const Range& range : ranges) {
    if (!merged.empty() && range.offset <= merged.back().end()) {
      merged.back().length = std::max(merged.back().end(), range.end()) - merged.back().offset;
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

std::vector<Range> widen_to_clusters(std::vector<Range> ranges, uint64_t size_bytes) {
  for (Range& range : ranges) {
    if (range.length == 0) continue;
    const uint64_t from = align_down(range.offset, kClusterBytes);
    const uint64_t to = std::min(align_up(range.end(), kClusterBytes), size_bytes);
    range = to > from ? Range{from, to - from} : Range{};
  }
  return merge_ranges(std::move(ranges));
}

std::vector<Range> subtract_ranges(const std::vector<Range>& from, const std::vector<Range>& holes) {
  std::vector<Range> left;
  size_t next = 0;
  for (const Range& range : from) {
    uint64_t at = range.offset;
    while (next < holes.size() && holes[next].end() <= at) ++next;
    // the last hole looked at may reach into the next range: `next` stays on it
    for (size_t i = next; i < holes.size() && holes[i].offset < range.end(); ++i) {
      if (holes[i].offset > at) left.push_back({at, holes[i].offset - at});
      at = std::max(at, holes[i].end());
    }
    if (at < range.end()) left.push_back({at, range.end() - at});
  }
  return left;
}

uint64_t sum_ranges(const std::vector<Range>& ranges) {
  uint64_t sum = 0;
  for (const Range& range : ranges) sum += range.length;
  return sum;
}

}  // namespace ossea
