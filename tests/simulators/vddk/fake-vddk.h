/* What the two halves of the stand-in share: the part of the VDDK's public interface that nbdkit's plugin uses. */
#ifndef FAKE_VDDK_H
#define FAKE_VDDK_H

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define SECTOR 512
#define FLAG_READ_ONLY 4

typedef uint64_t Error;
enum {
  OK = 0,
  UNKNOWN = 1,
  INVALID_ARGUMENT = 3,
  FILE_NOT_FOUND = 4,
  NOT_SUPPORTED = 6,
  NO_ACCESS = 13,
  CONNECTION_REFUSED = 14009,
  CONNECTION_LOST = 14011,
  CANNOT_CONNECT = 18000,
  ASYNCHRONOUS = 25000
};

typedef void LogFunction(const char *format, va_list arguments);
typedef void Completion(void *data, Error result);

typedef struct {
  char *vmx_spec, *server_name, *thumbprint;
  long reserved1;
  int credential_type; /* 1: user and password; otherwise the session's cookie */
  union {
    struct {
      char *user, *password;
    } uid;
    struct {
      char *cookie, *user, *key;
    } session;
  } credentials;
  uint32_t port, nfc_port;
  char *reserved3;
  char reserved4[8];
  void *reserved5;
  struct {
    char *id, *datastore, *snapshot;
  } spec;
  int spec_type;
} ConnectParams;

typedef struct {
  uint32_t bios_geometry[3], physical_geometry[3];
  uint64_t capacity;
  int adapter_type, links;
  char *parent_hint, *uuid;
  uint32_t logical_sector_size, physical_sector_size;
} Info;

typedef struct {
  uint32_t count;
  struct {
    uint64_t offset, length;
  } blocks[];
} BlockList;

typedef struct {
  char *snapshot;
} Connection;

typedef struct {
  int fd;
  uint64_t sectors;
} Handle;

/* As told by the environment or by the configuration file; empty, never NULL, once InitEx was called. */
extern char *root, *fail;
extern LogFunction *log_function, *warn_function;

void say(LogFunction *function, const char *format, ...);
int failing(const char *how);
/* The rest of `fail` behind a prefix, or NULL. */
const char *failing_with(const char *prefix);
/* Writes `,"name":"value"`. */
void json(FILE *out, const char *name, const char *value);
/* Appends a line to the log, and frees it. */
void append(char *line);

#endif
