// What the engine is asked and what it answers. Nothing here knows Node or libnbd.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ossea {

// The unit in which everything is copied, hashed and journalled: one qcow2 cluster.
inline constexpr uint64_t kClusterBytes = 65536;

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// XXH3-128 in canonical (big-endian) order.
using Digest = std::array<uint8_t, 16>;

struct Range {
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t end() const { return offset + length; }
  bool operator==(const Range&) const = default;
};

struct Address {
  bool unix_socket = true;
  std::string path;  // of the Unix socket
  std::string host;  // a numeric IP address: nothing here waits for a name server
  uint16_t port = 0;
  std::string export_name;
};

struct Limits {
  unsigned connections = 2;
  unsigned requests_in_flight = 8;
  uint64_t request_bytes = 1 << 20;
  uint64_t bytes_in_flight = 32 << 20;
  uint64_t checkpoint_bytes = 64 << 20;
  milliseconds stall_timeout{60'000};
  unsigned attempts = 3;
};

enum class Work { full, changed, digest };

struct Request {
  Address source;
  Address target;  // not for a digest
  uint64_t size_bytes = 0;
  Work work = Work::full;
  bool target_is_zero = false;
  std::vector<Range> ranges;  // for `changed`, and for a digest of parts
  std::string journal_path;
  std::array<uint8_t, 32> identity_hash{};
  Limits limits;
};

struct Progress {
  uint64_t bytes_total = 0;
  uint64_t bytes_done = 0;
  uint64_t bytes_moved = 0;
  uint64_t bytes_zeroed = 0;
};

struct Result : Progress {
  uint64_t bytes_resumed = 0;
  uint64_t bytes_read = 0;
  uint64_t requests_retried = 0;
  double seconds = 0;
  // of a digest: cluster and digest, ascending
  std::vector<std::pair<uint64_t, Digest>> digests;
};

enum class End { none, source, target };

// Why a job ended without a result. `code` is one of the product's error table.
struct Failure {
  std::string code;
  std::string message;
  End end = End::none;
  int error_number = 0;  // 0: none
  std::optional<uint64_t> offset = std::nullopt;
};

struct EngineError : std::exception {
  explicit EngineError(Failure why) : failure(std::move(why)) {}
  const char* what() const noexcept override { return failure.message.c_str(); }
  Failure failure;
};

// Clusters that are done on this connection, waiting for FLUSH and then for the journal.
struct DoneRun {
  uint64_t first_cluster = 0;
  uint64_t cluster_count = 0;
  uint64_t offset = 0;
  uint64_t length = 0;
  bool data = false;
  bool written = true;  // false: a zero run on a zeroed target, which needed no write
  unsigned tries = 0;
  std::vector<Digest> digests;  // for data: one each cluster
};

}  // namespace ossea
