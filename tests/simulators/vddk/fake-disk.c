/* The disks of the stand-in: plain files, and the holes in them. */
#include "fake-vddk.h"
#include <errno.h>
#include <sys/stat.h>

/* The file of "[DS] dir/disk.vmdk" as of the snapshot, else as it is now; NULL for what is no such name. */
static char *file_of(const Connection *connection, const char *path) {
  const char *end = strchr(path, ']'), *suffix = strrchr(path, '.');
  char *file = NULL;
  if (*path != '[' || !end || end[1] != ' ' || !suffix || strcmp(suffix, ".vmdk") != 0) return NULL;
  int store = end - path - 1, name = suffix - end - 2;
  if (asprintf(&file, "%s/%.*s/%.*s@%s-flat.vmdk", root, store, path + 1, name, end + 2, connection->snapshot) < 0)
    return NULL;
  if (access(file, R_OK) == 0) return file;
  free(file);
  if (asprintf(&file, "%s/%.*s/%.*s-flat.vmdk", root, store, path + 1, name, end + 2) < 0) return NULL;
  return file;
}

EXPORT Error VixDiskLib_Open(Connection *connection, const char *path, uint32_t flags, Handle **handle) {
  if (failing("open")) return NO_ACCESS;
  if (failing("nfc-limit")) {
    say(warn_function, "[NFC ERROR] NfcFssrvrProcessErrorMsg: received NFC error 5 from server: Failed to allocate "
                       "the requested 2097176 bytes\n");
    return UNKNOWN;
  }
  if (failing("unreachable")) {
    say(warn_function, "[NFC ERROR] NfcNewAuthdConnectionEx: Failed to connect to peer. Error: Failed to connect to "
                       "server esx1.example:902\n");
    return CONNECTION_REFUSED;
  }
  if (!(flags & FLAG_READ_ONLY)) return NOT_SUPPORTED;
  char *file = file_of(connection, path);
  int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  struct stat facts;
  if (fd < 0 || fstat(fd, &facts) < 0) {
    if (fd >= 0) close(fd);
    free(file);
    return FILE_NOT_FOUND;
  }
  Handle *made = calloc(1, sizeof *made);
  if (!made) return UNKNOWN;
  made->fd = fd;
  made->sectors = facts.st_size / SECTOR;
  *handle = made;

  char *line = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&line, &length);
  if (out) {
    fputs("{\"call\":\"Open\"", out);
    json(out, "path", path);
    json(out, "file", file);
    fprintf(out, ",\"flags\":%u,\"size\":%lld}\n", flags, (long long)facts.st_size);
    fclose(out);
    append(line);
  }
  free(file);
  return OK;
}

EXPORT const char *VixDiskLib_GetTransportMode(Handle *handle) {
  (void)handle;
  return "nbdssl";
}

EXPORT Error VixDiskLib_Close(Handle *handle) {
  close(handle->fd);
  free(handle);
  append(strdup("{\"call\":\"Close\"}\n"));
  return OK;
}

EXPORT Error VixDiskLib_GetInfo(Handle *handle, Info **info) {
  *info = calloc(1, sizeof **info);
  if (!*info) return UNKNOWN;
  (*info)->capacity = handle->sectors;
  (*info)->logical_sector_size = (*info)->physical_sector_size = SECTOR;
  return OK;
}

EXPORT void VixDiskLib_FreeInfo(Info *info) { free(info); }

EXPORT Error VixDiskLib_Read(Handle *handle, uint64_t sector, uint64_t count, unsigned char *buffer) {
  const char *broken = failing_with("read-while:");
  if (broken && access(broken, F_OK) == 0) return CONNECTION_LOST;
  if (sector + count > handle->sectors) return INVALID_ARGUMENT;
  for (uint64_t done = 0; done < count * SECTOR;) {
    ssize_t got = pread(handle->fd, buffer + done, count * SECTOR - done, sector * SECTOR + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return UNKNOWN;
    done += got;
  }
  return OK;
}

EXPORT Error VixDiskLib_ReadAsync(Handle *handle, uint64_t sector, uint64_t count, unsigned char *buffer,
                                  Completion *completed, void *data) {
  completed(data, VixDiskLib_Read(handle, sector, count, buffer));
  return ASYNCHRONOUS;
}

EXPORT Error VixDiskLib_Write(Handle *handle, uint64_t sector, uint64_t count, const unsigned char *buffer) {
  (void)handle, (void)sector, (void)count, (void)buffer;
  return NOT_SUPPORTED;
}

EXPORT Error VixDiskLib_WriteAsync(Handle *handle, uint64_t sector, uint64_t count, const unsigned char *buffer,
                                   Completion *completed, void *data) {
  (void)completed, (void)data;
  return VixDiskLib_Write(handle, sector, count, buffer);
}

EXPORT Error VixDiskLib_Create(Connection *connection, const char *path, const void *params, void *progress,
                               void *data) {
  (void)connection, (void)path, (void)params, (void)progress, (void)data;
  return NOT_SUPPORTED;
}

EXPORT Error VixDiskLib_Flush(Handle *handle) {
  (void)handle;
  return OK;
}

EXPORT Error VixDiskLib_Wait(Handle *handle) {
  (void)handle;
  return OK;
}

static int add_block(BlockList **list, uint64_t from, uint64_t to) {
  BlockList *old = *list;
  if (old->count > 0 && old->blocks[old->count - 1].offset + old->blocks[old->count - 1].length >= from) {
    old->blocks[old->count - 1].length = to - old->blocks[old->count - 1].offset;
    return 1;
  }
  BlockList *grown = realloc(old, sizeof *grown + (old->count + 1) * sizeof grown->blocks[0]);
  if (!grown) return 0;
  grown->blocks[grown->count].offset = from;
  grown->blocks[grown->count].length = to - from;
  grown->count++;
  *list = grown;
  return 1;
}

/* As the real one, it takes whole chunks within the disk only. */
EXPORT Error VixDiskLib_QueryAllocatedBlocks(Handle *handle, uint64_t start, uint64_t count, uint64_t chunk,
                                             BlockList **list) {
  if (chunk == 0 || start + count > handle->sectors || count % chunk != 0) return INVALID_ARGUMENT;
  *list = calloc(1, sizeof **list);
  if (!*list) return UNKNOWN;
  const uint64_t end = start + count, step = chunk * SECTOR;
  off_t position = start * SECTOR;
  while ((uint64_t)position < end * SECTOR) {
    off_t data = lseek(handle->fd, position, SEEK_DATA);
    if (data < 0 || (uint64_t)data >= end * SECTOR) break; /* nothing but a hole up to the end */
    off_t hole = lseek(handle->fd, data, SEEK_HOLE);
    if (hole < 0) return UNKNOWN;
    /* rounded out to chunks, counted from the start of what was asked for */
    uint64_t from = start + ((uint64_t)data - start * SECTOR) / step * chunk;
    uint64_t to = start + ((uint64_t)hole - start * SECTOR + step - 1) / step * chunk;
    if (!add_block(list, from, to < end ? to : end)) return UNKNOWN;
    position = hole;
  }
  return OK;
}

EXPORT Error VixDiskLib_FreeBlockList(BlockList *list) {
  free(list);
  return OK;
}
