/*
 * The guest's writer: one sequence of numbered, checksummed 4 KiB records over two disks.
 *
 * Record k goes to disk k mod 2 and is written only after the write of record k-1 has completed, so on any
 * crash-consistent copy record k+1 on one disk implies record k on the other. The layout below is shared with
 * layout.ts; change both or neither.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define RECORD_BYTES 4096
#define SLOTS 8192                          /* a disk */
#define HOT_OFFSET (64ULL << 20)
#define HEADER_OFFSET (HOT_OFFSET - 4096)
#define SLOT_STEP 4099                      /* odd, so i -> i * 4099 mod 8192 visits every slot */
#define SCAN_BYTES (1 << 20)
#define ACK_EVERY_MS 500
#define BURST_MS 20
#define BACKLOG_MS 4000                     /* how far behind the pace it may fall and still catch up */

struct record {
  char magic[8];                            /* "OSSEAREC" */
  uint64_t sequence;
  uint64_t boot_id;
  uint32_t disk;
  uint32_t reserved;
  uint64_t filler[507];
  uint32_t filler_end;
  uint32_t crc;                             /* CRC-32 (zlib's) of all bytes before it */
};
_Static_assert(sizeof(struct record) == RECORD_BYTES, "a record is one page");

struct header {
  char magic[8];                            /* "OSSEADSK" */
  uint32_t disk;
};

static uint32_t crc_table[8][256];
static int disks[2] = {-1, -1};

static void die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("ossea-fail ");
  vprintf(format, args);
  printf("\n");
  fflush(stdout);
  exit(1);
}

static void make_crc_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
    crc_table[0][i] = c;
  }
  for (uint32_t i = 0; i < 256; i++)
    for (int t = 1; t < 8; t++)
      crc_table[t][i] = (crc_table[t - 1][i] >> 8) ^ crc_table[0][crc_table[t - 1][i] & 0xFF];
}

/* slicing by 8: under TCG a byte-wise CRC would be the slowest part of a record */
static uint32_t crc32_of(const unsigned char *p, size_t n) {
  uint32_t crc = ~0U;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    word ^= crc;
    crc = crc_table[7][word & 0xFF] ^ crc_table[6][(word >> 8) & 0xFF] ^ crc_table[5][(word >> 16) & 0xFF] ^
          crc_table[4][(word >> 24) & 0xFF] ^ crc_table[3][(word >> 32) & 0xFF] ^
          crc_table[2][(word >> 40) & 0xFF] ^ crc_table[1][(word >> 48) & 0xFF] ^ crc_table[0][word >> 56];
  }
  for (; n; p++, n--) crc = (crc >> 8) ^ crc_table[0][(crc ^ *p) & 0xFF];
  return ~crc;
}

static uint64_t slot_of(uint64_t sequence) { return (sequence / 2) * SLOT_STEP % SLOTS; }

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void make_record(struct record *r, uint64_t sequence, uint64_t boot_id) {
  memcpy(r->magic, "OSSEAREC", 8);
  r->sequence = sequence;
  r->boot_id = boot_id;
  r->disk = sequence % 2;
  r->reserved = 0;
  uint64_t x = sequence * 0x9E3779B97F4A7C15ULL | 1;
  for (int i = 0; i < 507; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    r->filler[i] = x;
  }
  r->filler_end = (uint32_t)x;
  r->crc = crc32_of((const unsigned char *)r, offsetof(struct record, crc));
}

/* Finds the two disks by the header that the image builder wrote: their names may differ from boot to boot. */
static void open_disks(void) {
  for (int tries = 0; tries < 200 && (disks[0] < 0 || disks[1] < 0); tries++) {
    DIR *dev = opendir("/dev");
    for (struct dirent *e; dev && (e = readdir(dev));) {
      if (strncmp(e->d_name, "vd", 2) != 0 || strlen(e->d_name) != 3) continue;
      char path[32];
      snprintf(path, sizeof path, "/dev/%.3s", e->d_name);
      static _Alignas(4096) unsigned char page[4096];
      int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
      if (fd < 0) continue;
      const struct header *h = (const struct header *)page;
      if (pread(fd, page, sizeof page, HEADER_OFFSET) == (ssize_t)sizeof page && memcmp(h->magic, "OSSEADSK", 8) == 0 &&
          h->disk < 2 && disks[h->disk] < 0)
        disks[h->disk] = fd;
      else
        close(fd);
    }
    if (dev) closedir(dev);
    if (disks[0] < 0 || disks[1] < 0) usleep(50000);
  }
  for (int i = 0; i < 2; i++)
    if (disks[i] < 0) die("disk=%d is not there", i);
}

/* Reads the machine's own records back: the newest one, and whether all that must precede it are whole. */
static uint64_t scan(void) {
  static uint64_t found[2][SLOTS];
  static unsigned char empty[RECORD_BYTES];
  for (int i = 0; i < RECORD_BYTES; i += 8) memcpy(empty + i, "OSSEANIL", 8);
  unsigned char *buffer;
  uint64_t last = 0, torn = 0, missing = 0;
  if (posix_memalign((void **)&buffer, 4096, SCAN_BYTES)) die("no memory");
  for (uint32_t d = 0; d < 2; d++)
    for (uint64_t at = 0; at < (uint64_t)SLOTS * RECORD_BYTES; at += SCAN_BYTES) {
      if (pread(disks[d], buffer, SCAN_BYTES, HOT_OFFSET + at) != SCAN_BYTES) die("read disk=%u: %s", d, strerror(errno));
      for (uint64_t i = 0; i < SCAN_BYTES; i += RECORD_BYTES) {
        const struct record *r = (const struct record *)(buffer + i);
        uint64_t slot = (at + i) / RECORD_BYTES;
        if (memcmp(r, empty, RECORD_BYTES) == 0) continue;
        if (memcmp(r->magic, "OSSEAREC", 8) != 0 || r->disk != d || r->sequence % 2 != d || slot_of(r->sequence) != slot ||
            r->crc != crc32_of((const unsigned char *)r, offsetof(struct record, crc))) {
          torn++;
          continue;
        }
        found[d][slot] = r->sequence;
        if (r->sequence > last) last = r->sequence;
      }
    }
  free(buffer);
  for (uint64_t k = last > 2 * SLOTS ? last - 2 * SLOTS + 1 : 1; k <= last; k++)
    if (found[k % 2][slot_of(k)] != k) missing++;
  printf("ossea-found last=%llu complete=%s torn=%llu missing=%llu\n", (unsigned long long)last,
         torn || missing ? "no" : "yes", (unsigned long long)torn, (unsigned long long)missing);
  fflush(stdout);
  return last;
}

static long rate_from_cmdline(void) {
  char text[2048] = {0};
  FILE *f = fopen("/proc/cmdline", "r");
  if (f) {
    if (!fgets(text, sizeof text, f)) text[0] = 0;
    fclose(f);
  }
  const char *at = strstr(text, "ossea.rate=");
  return at ? atol(at + 11) : 0;
}

static int open_inputs(struct pollfd *fds, int most) {
  int n = 0;
  for (int i = 0; i < 16 && n < most; i++) {
    char path[32];
    snprintf(path, sizeof path, "/dev/input/event%d", i);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  return n;
}

static int power_pressed(struct pollfd *fds, int n, int wait_ms) {
  if (poll(fds, n, wait_ms) <= 0) return 0;
  for (int i = 0; i < n; i++) {
    struct input_event e;
    while (fds[i].revents & POLLIN && read(fds[i].fd, &e, sizeof e) == (ssize_t)sizeof e)
      if (e.type == EV_KEY && e.code == KEY_POWER && e.value == 1) return 1;
  }
  return 0;
}

static void make_durable(void) {
  for (int i = 0; i < 2; i++)
    if (fdatasync(disks[i]) != 0) die("flush disk=%d: %s", i, strerror(errno));
}

int main(void) {
  static _Alignas(4096) struct record record;
  struct pollfd inputs[8];
  uint64_t boot_id = 0;
  make_crc_table();
  open_disks();
  if (getrandom(&boot_id, sizeof boot_id, GRND_NONBLOCK) != sizeof boot_id) boot_id = (uint64_t)now_ms();
  int input_count = open_inputs(inputs, 8);
  uint64_t next = scan() + 1;
  const long rate = rate_from_cmdline();
  printf("ossea-writing from=%llu rate=%ld buttons=%d\n", (unsigned long long)next, rate, input_count);
  fflush(stdout);

  int64_t began = now_ms(), acked_at = began;
  uint64_t first = next;
  for (;;) {
    int64_t now = now_ms();
    int stop = 0;
    if (rate > 0) {
      int64_t due_ms = began + (int64_t)((next - first) * 1000 / rate);
      if (now - due_ms > BACKLOG_MS) { /* do not flood after a long pause */
        began = now - BACKLOG_MS;
        first = next;
      } else if (due_ms > now) {
        /* in bursts: a thousand wake-ups a second cost an emulated CPU more than the records do */
        stop = power_pressed(inputs, input_count, due_ms - now > BURST_MS ? (int)(due_ms - now) : BURST_MS);
        now = now_ms();
      }
    }
    if (!stop && now - acked_at >= ACK_EVERY_MS) {
      make_durable();
      printf("ossea-record acked=%llu\n", (unsigned long long)(next - 1));
      fflush(stdout);
      acked_at = now;
      stop = power_pressed(inputs, input_count, 0);
    }
    if (stop) {
      make_durable();
      printf("ossea-final acked=%llu\n", (unsigned long long)(next - 1));
      fflush(stdout);
      return 0;
    }
    make_record(&record, next, boot_id);
    if (pwrite(disks[next % 2], &record, sizeof record, HOT_OFFSET + slot_of(next) * RECORD_BYTES) != (ssize_t)sizeof record)
      die("write record=%llu: %s", (unsigned long long)next, strerror(errno));
    next++;
  }
}
