/*
 * Takes in what comes to port 9 and throws it away: `sink IP`.
 */
#include "common.h"
#include <netinet/in.h>
#include <signal.h>

#define PORT 9

static int bound(int type, const char *ip) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  inet_pton(AF_INET, ip, &address.sin_addr);
  int fd = checked(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
  checked(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "sink IP\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  /* Never read: with its small buffer full it costs the receiver next to nothing, and no error message goes back. */
  int udp = bound(SOCK_DGRAM, argv[1]), small = 1;
  setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  int tcp = bound(SOCK_STREAM, argv[1]);
  checked(listen(tcp, 8), "listen");
  signal(SIGCHLD, SIG_IGN);
  puts("ready");
  for (;;) {
    int fd = checked(accept(tcp, NULL, NULL), "accept");
    static char bytes[1 << 18];
    if (fork() == 0) {
      while (recv(fd, bytes, sizeof bytes, 0) > 0) continue;
      return 0;
    }
    close(fd);
  }
}
