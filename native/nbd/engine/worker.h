// One thread of a job, with one connection to each end. One poll() over both; nothing blocks.
//
// What is acknowledged on a connection becomes finished only by a FLUSH that was sent afterwards on this same
// connection: that holds for any server, with or without multi-conn, and for a server that was killed and came
// back behind our back. When a target connection is lost, what it had not flushed is done again.
#pragma once

#include <deque>
#include <memory>

#include "buffer.h"
#include "control.h"
#include "link.h"
#include "work-queue.h"

namespace ossea {

// Takes runs that were flushed (or, for a digest, read).
class Finisher {
 public:
  virtual ~Finisher() = default;
  virtual void finished(std::vector<DoneRun> runs) = 0;
};

// How much one worker may have under way.
struct Share {
  uint64_t request_bytes = 0;
  unsigned requests = 0;  // on each connection
  unsigned slots = 0;
  uint64_t checkpoint_bytes = 0;
};

class Worker {
 public:
  // `expendable`: when it cannot connect, the others do its work.
  Worker(const Request& request, const Share& share, Control& control, WorkQueue& queue, Finisher& finisher,
         Link source, std::optional<Link> target, bool expendable);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Returns when the job is complete or stopped; never throws.
  void run() noexcept;

 private:
  struct Slot;
  // A run of equal clusters on its way to the target.
  struct Piece {
    Slot* slot = nullptr;
    uint64_t offset = 0;
    uint64_t length = 0;
    bool zero = false;
    bool in_flight = false;
    unsigned tries = 0;
    std::vector<Digest> digests;
  };
  struct Slot {
    Slot(Worker* owner, size_t length) : worker(owner), buffer(length) {}
    Worker* worker;
    Buffer buffer;
    bool busy = false;
    bool reading = false;
    unsigned tries = 0;
    size_t open_pieces = 0;
    Segment segment;
    std::vector<Piece> pieces;
  };
  struct Answer {
    enum class Of { read, piece, status, flush } of;
    Slot* slot;
    Piece* piece;
    int error;
  };
  struct Later {
    Clock::time_point at;
    Slot* slot;    // a read
    Piece* piece;  // or a write
  };

  void loop();
  void wait(Clock::time_point wake_at);
  bool check_links();
  void wind_down();
  void count_last_answers();
  bool last_flush();

  void pump_source();
  void pump_target();
  void resume_later();
  void map(const Unit& unit);
  void begin(Segment segment);
  void send_read(Slot& slot);
  void send_piece(Piece& piece);
  void send_flush();
  bool may_flush() const;

  void handle_answers();
  void handle(const Answer& answer);
  void on_read(Slot& slot);
  void on_piece(Piece& piece);
  void on_status();
  void on_flush(int error);
  void on_error(const Answer& answer);
  void add_piece(Slot& slot, uint64_t offset, uint64_t length, bool zero, std::vector<Digest> digests);
  void free_slot(Slot& slot);
  void record(DoneRun run, bool counted);
  void hand_over();
  void record_dropped(const std::vector<Range>& ranges);
  void split_zeroes(Slot& slot);

  void lose_source();
  void lose_target();
  bool too_often(unsigned tries, End end, uint64_t offset);
  bool idle() const;

  static int on_completion(void* user_data, int* error, Answer::Of of);
  static int read_done(void* user_data, int* error);
  static int piece_done(void* user_data, int* error);
  static int status_done(void* user_data, int* error);
  static int flush_done(void* user_data, int* error);
  static int extent_seen(void* user_data, const char* context, uint64_t offset, uint32_t* entries, size_t count,
                         int* error);

  const Request& request_;
  const Share share_;
  Control& control_;
  WorkQueue& queue_;
  Finisher& finisher_;
  Link source_;
  std::optional<Link> target_;
  const bool expendable_;
  Waker waker_;

  bool joined_ = false;  // both connections stood: it may take work
  bool source_gone_ = false;
  bool target_gone_ = false;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::deque<Piece*> outbox_;
  std::vector<Later> later_;
  std::vector<Answer> answers_;
  unsigned reads_ = 0;
  unsigned writes_ = 0;
  unsigned busy_ = 0;

  std::optional<Unit> unit_;  // whose extents were asked
  bool unit_sent_ = false;
  unsigned unit_tries_ = 0;
  std::vector<Extent> extents_;

  uint64_t zero_bytes_;  // largest write-zeroes
  std::vector<DoneRun> acked_;
  uint64_t acked_bytes_ = 0;
  std::vector<DoneRun> flushing_;
  bool flush_sent_ = false;
};

}  // namespace ossea
