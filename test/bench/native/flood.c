/*
 * Sends as much as it can by two flows in turn, a few milliseconds each: whatever else the machine does meets both alike,
 * and what one takes longer than the other is the difference of their ways.
 *
 *    flood NETNS DEVICE FROM_MAC TO_MAC FROM_IP TO_IP   NETNS DEVICE FROM_MAC TO_MAC FROM_IP TO_IP
 *
 * Each line read is KIND BYTES TURNS; the answer is what was sent (frames, or bytes of a TCP stream), the rate of the
 * first flow to that of the second in the median of the turns, and the rate of the first that nine turns of ten were
 * below: what gets through while nobody else has the CPU. KIND is one of
 *    raw   whole frames handed to the device, as the host does for a virtual machine
 *    udp   datagrams through the namespace's own network stack
 *    tcp   a stream through it, to port 9 of a sink; BYTES of each write
 */
#include "common.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>

#define BATCH 64
#define LARGEST 65536
#define HEADERS 42
#define PORT 9
#define WINDOW_NS 2000000
#define STREAM_WINDOW_NS 8000000
#define MAX_TURNS 10000

struct flow {
  int raw, udp, tcp;
  uint8_t frame[LARGEST];
  struct iovec vector;
  struct mmsghdr messages[BATCH];
};

static struct flow flows[2];

static uint16_t checksum(const uint8_t *bytes, int length) {
  uint32_t sum = 0;
  for (int n = 0; n < length; n += 2) sum += bytes[n] << 8 | bytes[n + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static void put16(uint8_t *at, uint16_t value) { at[0] = value >> 8, at[1] = value; }

static void read_mac(uint8_t *to, const char *text) {
  if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", to, to + 1, to + 2, to + 3, to + 4, to + 5) != 6) exit(2);
}

/* A whole UDP frame without a UDP checksum. */
static void write_frame(uint8_t *frame, char **ends, int bytes) {
  memset(frame, 0, bytes);
  read_mac(frame, ends[3]);
  read_mac(frame + 6, ends[2]);
  put16(frame + 12, ETH_P_IP);
  frame[14] = 0x45, frame[22] = 64, frame[23] = IPPROTO_UDP;
  put16(frame + 16, bytes - 14);
  inet_pton(AF_INET, ends[4], frame + 26);
  inet_pton(AF_INET, ends[5], frame + 30);
  put16(frame + 24, checksum(frame + 14, 20));
  put16(frame + 34, PORT);
  put16(frame + 36, PORT);
  put16(frame + 38, bytes - 34);
}

static int connected(int type, const char *ip) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  inet_pton(AF_INET, ip, &address.sin_addr);
  int fd = checked(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
  checked(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
  return fd;
}

static long send_batch(struct flow *flow, char kind) {
  if (kind == 't') return send(flow->tcp, flow->frame, flow->vector.iov_len, 0);
  return sendmmsg(kind == 'r' ? flow->raw : flow->udp, flow->messages, BATCH, 0);
}

static int by_size(const void *one, const void *other) {
  const double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

/* Sends for one window and returns the rate; adds to `sent`. */
static double send_window(struct flow *flow, char kind, int64_t *sent) {
  const int64_t begin = now_ns(CLOCK_MONOTONIC), window = kind == 't' ? STREAM_WINDOW_NS : WINDOW_NS;
  int64_t now = begin, count = 0;
  for (; now < begin + window; now = now_ns(CLOCK_MONOTONIC)) {
    long taken = send_batch(flow, kind);
    if (taken > 0) count += taken;
    else if (errno != ENOBUFS) fail("send");
  }
  *sent += count;
  return count * 1e9 / (now - begin);
}

static void flood(char kind, int turns) {
  static double rates[MAX_TURNS], ratios[MAX_TURNS];
  int64_t sent = 0;
  for (int turn = 0; turn < turns; turn++) {
    /* Each goes first every other time. */
    const int first = turn % 2;
    double rate[2];
    rate[first] = send_window(&flows[first], kind, &sent);
    rate[!first] = send_window(&flows[!first], kind, &sent);
    rates[turn] = rate[0];
    ratios[turn] = rate[0] / rate[1];
  }
  qsort(rates, turns, sizeof *rates, by_size);
  qsort(ratios, turns, sizeof *ratios, by_size);
  printf("%lld %.5f %.0f\n", (long long)sent, ratios[turns / 2], rates[turns * 9 / 10]);
}

static void prepare(struct flow *flow, char **ends, char kind, int bytes) {
  write_frame(flow->frame, ends, bytes);
  flow->vector = (struct iovec){flow->frame, kind == 'u' ? bytes - HEADERS : bytes};
  if (kind != 't') return;
  enter_netns(ends[0]);
  flow->tcp = connected(SOCK_STREAM, ends[5]);
  /* What waits in the socket when its window ends is sent in the other's. */
  int small = 1 << 17;
  setsockopt(flow->tcp, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
}

int main(int argc, char **argv) {
  if (argc != 13) return fprintf(stderr, "flood NETNS DEVICE FROM_MAC TO_MAC FROM_IP TO_IP twice\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  for (int n = 0; n < 2; n++) {
    char **ends = argv + 1 + 6 * n;
    enter_netns(ends[0]);
    flows[n].raw = packet_socket(ends[1], 0);
    flows[n].udp = connected(SOCK_DGRAM, ends[5]);
    for (int m = 0; m < BATCH; m++)
      flows[n].messages[m].msg_hdr = (struct msghdr){.msg_iov = &flows[n].vector, .msg_iovlen = 1};
  }
  puts("ready");
  char line[64], kind[8];
  int bytes, turns;
  while (next_line(line, sizeof line)) {
    if (sscanf(line, "%7s %d %d", kind, &bytes, &turns) != 3) return 2;
    if (bytes < HEADERS || bytes > LARGEST || turns < 1 || turns > MAX_TURNS) return 2;
    for (int n = 0; n < 2; n++) prepare(&flows[n], argv + 1 + 6 * n, *kind, bytes);
    flood(*kind, turns);
    for (int n = 0; n < 2 && *kind == 't'; n++) close(flows[n].tcp);
  }
  return 0;
}
