#include "clusters.h"

#include <xxhash.h>

#include <cstring>

namespace ossea {

bool is_zero(const uint8_t* bytes, size_t length) {
  static constexpr uint8_t kZeroes[16] = {};
  if (length <= sizeof kZeroes) return std::memcmp(bytes, kZeroes, length) == 0;
  // once the beginning is zero, comparing the bytes with themselves 16 bytes on reaches all of them
  return std::memcmp(bytes, kZeroes, sizeof kZeroes) == 0 &&
         std::memcmp(bytes, bytes + sizeof kZeroes, length - sizeof kZeroes) == 0;
}

Digest digest_of(const uint8_t* bytes, size_t length) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, length));
  Digest digest;
  static_assert(sizeof canonical.digest == sizeof digest);
  std::memcpy(digest.data(), canonical.digest, digest.size());
  return digest;
}

Digest digest_of_zeroes(size_t length) {
  const std::vector<uint8_t> zeroes(length);
  return digest_of(zeroes.data(), length);
}

}  // namespace ossea
