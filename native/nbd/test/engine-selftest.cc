// The engine without Node, to be built with sanitizers.
//   engine_selftest units FOLDER                    its parts
//   engine_selftest copy SOURCE TARGET EXPORT SIZE JOURNAL ATTEMPTS CANCEL_AFTER_MS
//   engine_selftest digest SOURCE SIZE
// prints one line: "ok …" or "failed CODE END".
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>

#include "clusters.h"
#include "crc32.h"
#include "job.h"
#include "journal.h"
#include "ranges.h"
#include "work-queue.h"

namespace ossea {
namespace {

void check(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "not so: " << what << std::endl;
  std::exit(1);
}

void test_ranges() {
  check(merge_ranges({{10, 5}, {0, 10}, {20, 0}, {30, 1}}) == std::vector<Range>{{0, 15}, {30, 1}}, "merge");
  check(widen_to_clusters({{1, 1}, {kClusterBytes * 2, 1}, {3, 0}}, kClusterBytes * 2 + 512) ==
            std::vector<Range>{{0, kClusterBytes}, {kClusterBytes * 2, 512}},
        "widen");
  check(subtract_ranges({{0, 10}, {20, 10}}, {{2, 2}, {8, 14}, {29, 5}}) == std::vector<Range>{{0, 2}, {4, 4}, {22, 7}},
        "subtract");
  check(subtract_ranges({{0, 10}}, {{0, 10}}).empty(), "subtract all");
}

void test_clusters() {
  std::vector<uint8_t> bytes(kClusterBytes);
  for (const size_t length : {size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{512}, bytes.size()}) {
    check(is_zero(bytes.data(), length), "zero");
    for (const size_t at : {size_t{0}, length / 2, length - 1}) {
      bytes[at] = 1;
      check(!is_zero(bytes.data(), length), "every byte counts");
      bytes[at] = 0;
    }
  }
  check(crc32(crc32(0, "1234", 4), "56789", 5) == 0xcbf43926, "crc");
  // of no bytes at all, as the specification of XXH3 has it
  const Digest empty = digest_of(bytes.data(), 0);
  check(empty[0] == 0x99 && empty[15] == 0x7f, "digest");
}

void test_queue() {
  const uint64_t size = 300ULL << 20;
  WorkQueue queue({{0, size}}, size, true);
  uint64_t data = 0;
  uint64_t dropped = 0;
  while (const auto unit = queue.take_unit()) {
    // an answer that stops in the middle of a cluster, and one of less than a cluster
    const uint64_t half = kClusterBytes * 3 / 2;
    const std::vector<Extent> extents =
        unit->length > half ? std::vector<Extent>{{half, true}, {1000, false}} : std::vector<Extent>{{1, true}};
    for (const Range& range : queue.mapped(*unit, extents)) dropped += range.length;
    while (const auto segment = queue.take(1 << 20, 1 << 30)) data += segment->length;
  }
  check(queue.drained(), "drained");
  check(data + dropped == size && dropped > 0, "all of it, once");
  check(!queue.complete() && !queue.settle(data) && queue.settle(dropped) && queue.complete(), "settled");
}

void test_journal(const std::string& folder) {
  const std::string path = folder + "/selftest-journal";
  const std::array<uint8_t, 32> hash{1};
  const uint64_t size = 10 * kClusterBytes + 512;
  {
    Journal journal(path, hash, size);
    check(journal.finished().empty(), "a new journal");
    journal.append({{.first_cluster = 9, .cluster_count = 2}, {.first_cluster = 0, .cluster_count = 1, .data = true, .digests = {Digest{}}}});
  }
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND);
  check(write(fd, "\1\0\0\0\377\377\377\377torn", 12) == 12, "append");
  close(fd);
  {
    Journal journal(path, hash, size);
    check(journal.finished() == std::vector<Range>{{0, kClusterBytes}, {9 * kClusterBytes, kClusterBytes + 512}},
          "continued");
  }
  check(Journal(path, hash, size - 512).finished().empty(), "another size");
  unlink(path.c_str());
}

int run(Request request, milliseconds cancel_after) {
  Job job(std::move(request));
  std::atomic<bool> ended{false};
  std::thread canceller([&] {
    const auto until = Clock::now() + cancel_after;
    while (cancel_after.count() > 0 && !ended && Clock::now() < until) std::this_thread::yield();
    if (cancel_after.count() > 0 && !ended) job.control().cancel();
  });
  std::thread runner([&] { job.run([&] { job.progress(); }); });
  runner.join();
  ended = true;
  canceller.join();
  if (const auto& failure = job.failure()) {
    const char* ends[] = {"none", "source", "target"};
    std::cout << "failed " << failure->code << " " << ends[static_cast<int>(failure->end)] << std::endl;
    return 0;
  }
  const Result& result = job.result();
  std::cout << "ok total " << result.bytes_total << " done " << result.bytes_done << " resumed " << result.bytes_resumed
            << " digests " << result.digests.size() << std::endl;
  return 0;
}

Address unix_address(const char* path, const char* name) { return {.path = path, .export_name = name}; }

int main_of(int count, char** arguments) {
  const std::string mode = count > 1 ? arguments[1] : "";
  if (mode == "units" && count == 3) {
    test_ranges();
    test_clusters();
    test_queue();
    test_journal(arguments[2]);
    std::cout << "ok" << std::endl;
    return 0;
  }
  Request request;
  request.limits.request_bytes = 1 << 17;
  request.limits.checkpoint_bytes = 4 << 20;
  if (mode == "copy" && count == 9) {
    request.source = unix_address(arguments[2], "");
    request.target = unix_address(arguments[3], arguments[4]);
    request.size_bytes = std::strtoull(arguments[5], nullptr, 10);
    request.journal_path = arguments[6];
    request.limits.attempts = static_cast<unsigned>(std::atoi(arguments[7]));
    return run(std::move(request), milliseconds(std::atoi(arguments[8])));
  }
  if (mode == "digest" && count == 4) {
    request.work = Work::digest;
    request.source = unix_address(arguments[2], "");
    request.size_bytes = std::strtoull(arguments[3], nullptr, 10);
    request.ranges = {{0, request.size_bytes}};
    return run(std::move(request), milliseconds(0));
  }
  std::cerr << "see the beginning of engine-selftest.cc" << std::endl;
  return 2;
}

}  // namespace
}  // namespace ossea

int main(int count, char** arguments) { return ossea::main_of(count, arguments); }
