#include "socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ossea {
namespace {

constexpr int kSendBufferBytes = 4 << 20;

socklen_t fill(const Address& address, sockaddr_storage& storage) {
  if (address.unix_socket) {
    auto* unix_address = reinterpret_cast<sockaddr_un*>(&storage);
    if (address.path.size() >= sizeof unix_address->sun_path) {
      errno = ENAMETOOLONG;
      return 0;
    }
    unix_address->sun_family = AF_UNIX;
    std::memcpy(unix_address->sun_path, address.path.c_str(), address.path.size() + 1);
    return sizeof(sockaddr_un);
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    return sizeof(sockaddr_in);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    return sizeof(sockaddr_in6);
  }
  errno = EADDRNOTAVAIL;
  return 0;
}

}  // namespace

int open_socket(const Address& address, bool& connected) {
  sockaddr_storage storage{};
  const socklen_t length = fill(address, storage);
  if (length == 0) return -1;
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // more than the system's limit takes a privilege; without it the limit is what we get
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof kSendBufferBytes) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  }
  if (!address.unix_socket) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  connected = connect(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  if (connected || errno == EINPROGRESS) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace ossea
