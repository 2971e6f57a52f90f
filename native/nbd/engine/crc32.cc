#include "crc32.h"

#include <array>

namespace ossea {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) ? 0xedb88320U ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

constexpr auto kTable = make_table();

}  // namespace

uint32_t crc32(uint32_t crc, const void* bytes, size_t length) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  crc = ~crc;
  while (length-- > 0) crc = kTable[(crc ^ *at++) & 0xff] ^ (crc >> 8);
  return ~crc;
}

}  // namespace ossea
