/*
 * The limit: ready-made frames, one loop of sendmmsg, and nothing else.
 *
 *    burst wait DEVICE COUNT   sends all whenever a slave of a bond becomes the active one
 *    burst now DEVICE COUNT    sends all for every line that it reads
 */
#include "slaves.h"

static struct mmsghdr *messages;
static int count;

static void make_messages(void) {
  uint8_t *frames = calloc(count, FRAME_BYTES);
  struct iovec *vectors = calloc(count, sizeof *vectors);
  messages = calloc(count, sizeof *messages);
  for (int n = 0; n < count; n++) {
    write_rarp(frames + n * FRAME_BYTES, n);
    vectors[n] = (struct iovec){frames + n * FRAME_BYTES, FRAME_BYTES};
    messages[n].msg_hdr.msg_iov = &vectors[n];
    messages[n].msg_hdr.msg_iovlen = 1;
  }
}

static void send_all(int fd) {
  for (int next = 0; next < count;) {
    int sent = sendmmsg(fd, messages + next, count - next, 0);
    if (sent > 0) next += sent;
    else if (errno != ENOBUFS && errno != EINTR) fail("sendmmsg");
    else usleep(1000);
  }
}

static void wait_for_failovers(int fd) {
  static struct slaves known;
  static char bytes[65536];
  int links = open_links(&known);
  puts("ready");
  for (;;) {
    int length = recv(links, bytes, sizeof bytes, 0);
    if (length >= 0 && take_links(&known, bytes, length) & BECAME_ACTIVE) send_all(fd);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "burst wait|now DEVICE COUNT\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  count = atoi(argv[3]);
  make_messages();
  int fd = packet_socket(argv[2], 0);
  int bytes = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  if (strcmp(argv[1], "wait") == 0) wait_for_failovers(fd);
  char line[64];
  puts("ready");
  while (next_line(line, sizeof line)) {
    send_all(fd);
    puts("sent");
  }
  return 0;
}
