// The journal of one disk copy. Its format is written down in libs/copy-engine/src/journal.ts.
#pragma once

#include "types.h"

namespace ossea {

class Journal {
 public:
  // Continues the journal at `path` when it has this identity and size, after cutting it off behind its last
  // checkpoint; otherwise replaces it by an empty one, durably. Throws EngineError (storage.*).
  Journal(const std::string& path, const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What an earlier try finished; canonical, cut at the disk's end.
  const std::vector<Range>& finished() const { return finished_; }

  // Appends runs that the target flushed, and a checkpoint; durable when it returns. Throws EngineError.
  void append(std::vector<DoneRun> runs);

 private:
  bool resume(const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes);
  void replace(const std::string& path, const std::array<uint8_t, 32>& identity_hash, uint64_t size_bytes);

  int fd_ = -1;
  uint64_t position_ = 0;
  std::vector<Range> finished_;
};

}  // namespace ossea
