// CRC-32 as zlib has it (IEEE 802.3, reflected).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ossea {

// Continues `crc`; begin with 0.
uint32_t crc32(uint32_t crc, const void* bytes, size_t length);

}  // namespace ossea
