// Arithmetic on lists of half-open byte ranges. Canonical: sorted, without overlap, touch or empty ranges.
#pragma once

#include "types.h"

namespace ossea {

uint64_t align_down(uint64_t value, uint64_t unit);
uint64_t align_up(uint64_t value, uint64_t unit);

std::vector<Range> merge_ranges(std::vector<Range> ranges);

// Every cluster that a range touches, whole, cut at `size_bytes`; canonical.
std::vector<Range> widen_to_clusters(std::vector<Range> ranges, uint64_t size_bytes);

// Both lists canonical; so is the answer.
std::vector<Range> subtract_ranges(const std::vector<Range>& from, const std::vector<Range>& holes);

uint64_t sum_ranges(const std::vector<Range>& ranges);

}  // namespace ossea
