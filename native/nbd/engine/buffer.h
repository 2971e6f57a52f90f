// Memory that a request reads into and writes from.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace ossea {

// Mapped when it is first used, given back when it is destroyed.
class Buffer {
 public:
  explicit Buffer(size_t length) : length_(length) {}
  ~Buffer() {
    if (bytes_) munmap(bytes_, length_);
  }
  Buffer(Buffer&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)), length_(other.length_) {}
  Buffer& operator=(Buffer&&) = delete;

  uint8_t* bytes() {
    if (!bytes_) {
      void* mapped = mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (mapped == MAP_FAILED) throw std::bad_alloc();
      bytes_ = static_cast<uint8_t*>(mapped);
    }
    return bytes_;
  }

 private:
  uint8_t* bytes_ = nullptr;
  size_t length_;
};

}  // namespace ossea
