#include "journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "crc32.h"
#include "ranges.h"

namespace ossea {
namespace {

constexpr char kMagic[] = "OSSEAJ01";
constexpr size_t kHeaderBytes = 64;
constexpr size_t kRecordHeadBytes = 16;
constexpr uint8_t kData = 1;
constexpr uint8_t kZero = 2;
constexpr uint8_t kCheckpoint = 3;
constexpr size_t kReadBytes = 1 << 20;

[[noreturn]] void fail(const char* what) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  throw EngineError({.code = full ? "storage.full" : "storage.io-failed",
                     .message = std::string("The journal could not be ") + what + ": " + std::strerror(error) + ".",
                     .error_number = error});
}

void put_u32(uint8_t* to, uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

void put_u64(uint8_t* to, uint64_t value) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t get_u32(const uint8_t* from) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | from[i];
  return value;
}

uint64_t get_u64(const uint8_t* from) {
  return static_cast<uint64_t>(get_u32(from + 4)) << 32 | get_u32(from);
}

std::array<uint8_t, kHeaderBytes> make_header(const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes) {
  std::array<uint8_t, kHeaderBytes> header{};
  std::memcpy(header.data(), kMagic, 8);
  put_u32(&header[8], kClusterBytes);
  put_u64(&header[16], size_bytes);
  std::memcpy(&header[24], identity_hash.data(), identity_hash.size());
  put_u32(&header[60], crc32(0, header.data(), 60));
  return header;
}

void put_record(std::vector<uint8_t>& to, uint8_t type, uint64_t first, uint64_t count,
                const std::vector<Digest>& digests) {
  const size_t start = to.size();
  to.resize(start + kRecordHeadBytes);
  to[start] = type;
  put_u32(&to[start + 4], static_cast<uint32_t>(count));
  put_u64(&to[start + 8], first);
  for (const Digest& digest : digests) to.insert(to.end(), digest.begin(), digest.end());
  uint8_t crc[4];
  put_u32(crc, crc32(0, &to[start], to.size() - start));
  to.insert(to.end(), crc, crc + 4);
}

// A full disk makes one write short before the next one fails.
void write_all(int fd, const uint8_t* bytes, size_t length, uint64_t position) {
  while (length > 0) {
    const ssize_t written = pwrite(fd, bytes, length, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("written");
    bytes += written;
    length -= static_cast<size_t>(written);
    position += static_cast<uint64_t>(written);
  }
}

// Reads a file forwards in large pieces.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}

  // False at the end of the file.
  bool read(uint8_t* to, size_t length) {
    while (length > 0) {
      if (at_ == filled_ && !fill()) return false;
      const size_t some = std::min(length, filled_ - at_);
      std::memcpy(to, buffer_.data() + at_, some);
      to += some;
      at_ += some;
      length -= some;
    }
    return true;
  }

 private:
  bool fill() {
    ssize_t got;
    do got = pread(fd_, buffer_.data(), buffer_.size(), static_cast<off_t>(position_));
    while (got < 0 && errno == EINTR);
    if (got < 0) fail("read");
    at_ = 0;
    filled_ = static_cast<size_t>(got);
    position_ += filled_;
    return got > 0;
  }

  int fd_;
  uint64_t position_ = 0;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(kReadBytes);
  size_t at_ = 0;
  size_t filled_ = 0;
};

// The same runs with fewer records: sorted, neighbours of one kind joined.
std::vector<DoneRun> join_runs(std::vector<DoneRun> runs) {
  std::sort(runs.begin(), runs.end(),
            [](const DoneRun& a, const DoneRun& b) { return a.first_cluster < b.first_cluster; });
  std::vector<DoneRun> joined;
  for (DoneRun& run : runs) {
    if (!joined.empty()) {
      DoneRun& last = joined.back();
      if (last.data == run.data && last.first_cluster + last.cluster_count == run.first_cluster &&
          last.cluster_count + run.cluster_count <= std::numeric_limits<uint32_t>::max()) {
        last.cluster_count += run.cluster_count;
        last.digests.insert(last.digests.end(), run.digests.begin(), run.digests.end());
        continue;
      }
    }
    joined.push_back(std::move(run));
  }
  return joined;
}

}  // namespace

Journal::Journal(const std::string& path, const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes) {
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("opened");
  try {
    if (!resume(identity_hash, size_bytes)) replace(path, identity_hash, size_bytes);
  } catch (...) {
    close(fd_);
    throw;
  }
}

Journal::~Journal() { close(fd_); }

bool Journal::resume(const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes) {
  Reader reader(fd_);
  std::array<uint8_t, kHeaderBytes> header;
  if (!reader.read(header.data(), header.size()) || header != make_header(identity_hash, size_bytes)) return false;
  struct stat status;
  if (fstat(fd_, &status) != 0) fail("read");
  const auto file_bytes = static_cast<uint64_t>(status.st_size);
  uint64_t valid = kHeaderBytes;
  uint64_t at = kHeaderBytes;
  std::vector<Range> pending;
  std::vector<uint8_t> record;
  for (;;) {
    record.resize(kRecordHeadBytes);
    if (!reader.read(record.data(), record.size())) break;
    const uint8_t type = record[0];
    const uint64_t count = get_u32(&record[4]);
    const uint64_t first = get_u64(&record[8]);
    if (type != kData && type != kZero && type != kCheckpoint) break;
    const uint64_t digests = type == kData ? count * sizeof(Digest) : 0;
    if (at + kRecordHeadBytes + digests + 4 > file_bytes) break;  // torn; also bounds the memory taken
    record.resize(kRecordHeadBytes + digests + 4);
    if (!reader.read(&record[kRecordHeadBytes], digests + 4)) break;
    if (get_u32(&record[record.size() - 4]) != crc32(0, record.data(), record.size() - 4)) break;
    at += record.size();
    if (type == kCheckpoint) {
      finished_.insert(finished_.end(), pending.begin(), pending.end());
      pending.clear();
      valid = at;
    } else if (count > 0 && first < align_up(size_bytes, kClusterBytes) / kClusterBytes) {
      const uint64_t from = first * kClusterBytes;
      pending.push_back({from, std::min(count * kClusterBytes, size_bytes - from)});
    }
  }
  finished_ = merge_ranges(std::move(finished_));
  if (ftruncate(fd_, static_cast<off_t>(valid)) != 0) fail("cut off");
  if (fsync(fd_) != 0) fail("synced");
  position_ = valid;
  return true;
}

void Journal::replace(const std::string& path, const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes) {
  if (ftruncate(fd_, 0) != 0) fail("emptied");
  const auto header = make_header(identity_hash, size_bytes);
  write_all(fd_, header.data(), header.size(), 0);
  if (fsync(fd_) != 0) fail("synced");
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int directory_fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd < 0) fail("synced");
  const int synced = fsync(directory_fd);
  close(directory_fd);
  if (synced != 0) fail("synced");
  position_ = header.size();
}

void Journal::append(std::vector<DoneRun> runs) {
  std::vector<uint8_t> bytes;
  for (const DoneRun& run : join_runs(std::move(runs))) {
    put_record(bytes, run.data ? kData : kZero, run.first_cluster, run.cluster_count, run.digests);
  }
  put_record(bytes, kCheckpoint, 0, 0, {});
  write_all(fd_, bytes.data(), bytes.size(), position_);
  if (fdatasync(fd_) != 0) fail("synced");
  position_ += bytes.size();
}

}  // namespace ossea
