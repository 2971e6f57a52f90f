// Sockets that connect without blocking.
#pragma once

#include "types.h"

namespace ossea {

// -1 with errno set when it fails at once; EAGAIN: the server's queue is full, try again soon.
int open_socket(const Address& address, bool& connected);

// The outcome of a connection that has become writable; 0 or an errno.
int socket_error(int fd);

}  // namespace ossea
