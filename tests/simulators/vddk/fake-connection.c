/*
 * A stand-in for VMware's libvixDiskLib.so.8 that serves plain files, so that the real nbdkit-vddk-plugin can be
 * driven without VMware's software. Interface: the public header of the VDDK as nbdkit's plugin declares it.
 *
 * What it does is told by the environment, or by the file that the plugin's `config=` names (`key=value` lines):
 *
 *   FAKE_VDDK_ROOT  root   "[DS] dir/disk.vmdk" is <root>/DS/dir/disk@<snapshot>-flat.vmdk, else <root>/DS/dir/disk-flat.vmdk
 *   FAKE_VDDK_LOG   log    one line of JSON for every ConnectEx, Open and Close is appended here
 *   FAKE_VDDK_FAIL  fail   thumbprint:AA:BB…  only a client with this thumbprint gets a connection
 *                          login              the user or the password is wrong
 *                          license            the licence of the host does not allow it
 *                          unreachable        the host does not answer at port 902
 *                          open               no right to the file
 *                          nfc-limit          the host's buffers are used up
 *                          slow:<ms>          ConnectEx takes so long
 *                          read-while:<path>  reads fail with a lost connection as long as <path> exists
 */
#include "fake-vddk.h"

char *root, *fail;
LogFunction *log_function, *warn_function;
static char *log_path;

void say(LogFunction *function, const char *format, ...) {
  va_list arguments;
  if (function == NULL) return;
  va_start(arguments, format);
  function(format, arguments);
  va_end(arguments);
}

static char *setting(const char *variable, const char *key, const char *config_file) {
  const char *value = getenv(variable);
  if (value) return strdup(value);
  if (!config_file) return strdup("");
  FILE *file = fopen(config_file, "r");
  if (!file) return strdup("");
  char line[4096], *found = NULL;
  size_t length = strlen(key);
  while (!found && fgets(line, sizeof line, file))
    if (strncmp(line, key, length) == 0 && line[length] == '=') {
      line[strcspn(line, "\n")] = '\0';
      found = strdup(line + length + 1);
    }
  fclose(file);
  return found ? found : strdup("");
}

int failing(const char *how) { return strcmp(fail, how) == 0; }

const char *failing_with(const char *prefix) {
  size_t length = strlen(prefix);
  return strncmp(fail, prefix, length) == 0 ? fail + length : NULL;
}

void json(FILE *out, const char *name, const char *value) {
  fprintf(out, ",\"%s\":\"", name);
  for (const unsigned char *c = (const unsigned char *)(value ? value : ""); *c; c++)
    if (*c == '"' || *c == '\\') fprintf(out, "\\%c", *c);
    else if (*c < ' ') fprintf(out, "\\u%04x", *c);
    else putc(*c, out);
  putc('"', out);
}

/* Appended in one write, because several of us may share the file. */
void append(char *line) {
  if (*log_path) {
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
      if (write(fd, line, strlen(line)) < 0) perror(log_path);
      close(fd);
    }
  }
  free(line);
}

EXPORT Error VixDiskLib_InitEx(uint32_t major, uint32_t minor, LogFunction *log, LogFunction *warn,
                               LogFunction *panic, const char *libdir, const char *config_file) {
  (void)major, (void)minor, (void)panic, (void)libdir;
  log_function = log;
  warn_function = warn;
  root = setting("FAKE_VDDK_ROOT", "root", config_file);
  log_path = setting("FAKE_VDDK_LOG", "log", config_file);
  fail = setting("FAKE_VDDK_FAIL", "fail", config_file);
  return OK;
}

EXPORT void VixDiskLib_Exit(void) {}

EXPORT const char *VixDiskLib_ListTransportModes(void) { return "file:nbdssl:nbd"; }

EXPORT char *VixDiskLib_GetErrorText(Error error, const char *locale) {
  (void)locale;
  const char *known = error == UNKNOWN              ? "Unknown error"
                      : error == INVALID_ARGUMENT   ? "One of the parameters was invalid"
                      : error == FILE_NOT_FOUND     ? "A file was not found"
                      : error == NOT_SUPPORTED      ? "The operation is not supported"
                      : error == NO_ACCESS          ? "You do not have access rights to this file"
                      : error == CONNECTION_REFUSED ? "The server refused connection"
                      : error == CONNECTION_LOST    ? "The connection was lost"
                      : error == CANNOT_CONNECT     ? "Cannot connect to host"
                                                    : NULL;
  char *text = NULL;
  if (known) return strdup(known);
  return asprintf(&text, "fake-vddk error %llu", (unsigned long long)error) < 0 ? NULL : text;
}

EXPORT void VixDiskLib_FreeErrorText(char *text) { free(text); }

EXPORT ConnectParams *VixDiskLib_AllocateConnectParams(void) { return calloc(1, sizeof(ConnectParams)); }

EXPORT void VixDiskLib_FreeConnectParams(ConnectParams *params) { free(params); }

EXPORT Error VixDiskLib_ConnectEx(const ConnectParams *params, char read_only, const char *snapshot,
                                  const char *modes, Connection **connection) {
  int by_user = params->credential_type == 1;
  const char *user = by_user ? params->credentials.uid.user : params->credentials.session.user;
  const char *secret = by_user ? params->credentials.uid.password : params->credentials.session.cookie;
  char *line = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&line, &length);
  if (!out) return UNKNOWN;
  fputs("{\"call\":\"ConnectEx\"", out);
  json(out, "vmx", params->vmx_spec);
  json(out, "server", params->server_name);
  json(out, "thumbprint", params->thumbprint);
  json(out, "user", user);
  json(out, "snapshot", snapshot);
  json(out, "transports", modes);
  /* the length shows that it arrived, and gives nothing away */
  fprintf(out, ",\"credType\":%d,\"passlen\":%zu,\"port\":%u,\"nfcPort\":%u,\"readonly\":%d,\"pid\":%d}\n",
          params->credential_type, strlen(secret ? secret : ""), params->port, params->nfc_port, read_only,
          getpid());
  fclose(out);
  append(line);

  const char *slow = failing_with("slow:");
  if (slow) usleep(1000 * atoi(slow));
  const char *expected = failing_with("thumbprint:");
  if (expected && strcmp(expected, params->thumbprint ? params->thumbprint : "") != 0) {
    say(log_function, "VixDiskLibVim: Failed to verify SSL certificate: actual thumbprint=%s expected=%s\n", expected,
        params->thumbprint ? params->thumbprint : "");
    return CANNOT_CONNECT;
  }
  if (failing("login")) {
    say(log_function, "VixDiskLibVim: Error 18000 (Cannot connect to host: Cannot complete login due to an "
                      "incorrect user name or password.)\n");
    return CANNOT_CONNECT;
  }
  if (failing("license")) {
    say(log_function, "VixDiskLibVim: Current license or ESXi version prohibits execution of the requested operation.\n");
    return UNKNOWN;
  }
  Connection *made = calloc(1, sizeof *made);
  if (!made) return UNKNOWN;
  made->snapshot = strdup(snapshot ? snapshot : "");
  *connection = made;
  return OK;
}

EXPORT Error VixDiskLib_Disconnect(Connection *connection) {
  free(connection->snapshot);
  free(connection);
  return OK;
}
