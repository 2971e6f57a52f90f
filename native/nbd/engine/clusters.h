// What is looked at in every cluster.
#pragma once

#include "types.h"

namespace ossea {

// Looks at every byte.
bool is_zero(const uint8_t* bytes, size_t length);

// XXH3-128, seed 0, canonical order.
Digest digest_of(const uint8_t* bytes, size_t length);

// The digest of `length` zero bytes, at most one cluster.
Digest digest_of_zeroes(size_t length);

}  // namespace ossea
