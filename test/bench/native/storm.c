/*
 * Changes a bridge's forwarding database without end: `storm DEVICE CHANGES_A_SECOND`, with 1,000 addresses on one port,
 * each added and removed. Says how many changes a second it made, for every line that it reads, since the line before.
 */
#include "common.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#define ADDRESSES 1000
#define TURN_NS 5000000

struct change {
  struct nlmsghdr head;
  struct ndmsg neighbour;
  struct nlattr attribute;
  uint8_t mac[8];
};

static struct change make_change(int ifindex, int64_t number) {
  const int add = number / ADDRESSES % 2 == 0, n = number % ADDRESSES;
  struct change change = {
      .head = {sizeof change, add ? RTM_NEWNEIGH : RTM_DELNEIGH, NLM_F_REQUEST | (add ? NLM_F_CREATE : 0), 1, 0},
      .neighbour = {.ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex, .ndm_state = NUD_REACHABLE, .ndm_flags = NTF_MASTER},
      .attribute = {sizeof change.attribute + 6, NDA_LLADDR},
      .mac = {0x06, 0, 0, 0, n >> 8, n},
  };
  return change;
}

/* Makes as many changes as are due, at most for a turn. Returns how many. */
static int64_t catch_up(int fd, int ifindex, int64_t done, int64_t due) {
  const int64_t end = now_ns(CLOCK_MONOTONIC) + TURN_NS, before = done;
  while (done < due && now_ns(CLOCK_MONOTONIC) < end) {
    struct change changes[50];
    for (int n = 0; n < 50; n++) changes[n] = make_change(ifindex, done++);
    checked(send(fd, changes, sizeof changes, 0), "send");
  }
  /* Errors alone are answered: an address that is not there any more. */
  static char answers[1 << 16];
  while (recv(fd, answers, sizeof answers, MSG_DONTWAIT) > 0) continue;
  return done - before;
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "storm DEVICE CHANGES_A_SECOND\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const int ifindex = if_nametoindex(argv[1]);
  const double rate = atof(argv[2]);
  int fd = checked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink");
  puts("ready");
  int64_t begin = now_ns(CLOCK_MONOTONIC), done = 0, number = 0;
  for (;;) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    const int64_t now = now_ns(CLOCK_MONOTONIC), due = (now - begin) * rate / 1e9;
    const int64_t made = catch_up(fd, ifindex, number, number + due - done);
    number += made, done += made;
    if (poll(&input, 1, done >= due ? 2 : 0) == 0) continue;
    char line[64];
    if (!next_line(line, sizeof line)) return 0;
    printf("%.0f\n", done * 1e9 / (now_ns(CLOCK_MONOTONIC) - begin));
    begin = now_ns(CLOCK_MONOTONIC), done = 0;
  }
}
