/*
 * Listens on a device as the daemon does: a packet socket for every protocol with a filter that lets nearly nothing pass.
 *
 *    listen DEVICE
 *
 * Each line read is answered: `both` or `incoming` and the hexadecimal bytes of a filter's struct sock_filter open the
 * socket, an empty line closes it.
 */
#include "common.h"

static uint8_t program[4096];

static int parse(const char *hex) {
  int length = 0;
  while (sscanf(hex + 2 * length, "%2hhx", &program[length]) == 1) length++;
  return length / sizeof(struct sock_filter);
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "listen DEVICE\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  static char line[8192];
  int fd = -1;
  puts("ready");
  while (next_line(line, sizeof line)) {
    close(fd);
    fd = -1;
    const char *hex = strchr(line, ' ');
    int incoming = line[0] == 'i';
    struct sock_fprog filter = {hex ? parse(hex + 1) : 0, (struct sock_filter *)program};
    if (filter.len > 0) {
      fd = checked(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket");
      checked(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), "filter");
      setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &incoming, sizeof incoming);
      struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
      address.sll_ifindex = if_nametoindex(argv[1]);
      checked(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
    }
    puts("done");
  }
  return 0;
}
