/*
 * Sees what the kernel said and what came out on the far side, and wakes up for neither: everything waits, with the
 * kernel's own time stamps, in rings that are read when the owner asks.
 *
 *    witness EVENTS_NETNS EVENTS_DEVICE MACS [NETNS DEVICE]...
 *
 * EVENTS_DEVICE is an nlmon device. The MACs to count are those of macs.ts, from 0 up to MACS. Lines read and answered:
 *    clear     forgets all: "cleared"
 *    switch BOND SLAVE MS   forgets all, makes the slave the bond's active one, and says so, MS later: "switched". This
 *              program does nothing else meanwhile, and nobody else needs to
 *    take      what came since: a line of JSON; times are ns since 1970, 0 where nothing came
 */
#include "slaves.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define MAX_RINGS 8
#define MAX_MACS (1 << 17)

struct ring {
  char *memory;
  unsigned slots, slot_bytes, next;
  int fd;
};

/* What came in by one device. */
struct arrivals {
  struct ring ring;
  int frames, others;
  int64_t first, last;
  uint8_t *seen;
  int distinct;
};

static struct ring events;
static struct slaves known;
static int64_t active_at, carrier_at;
static struct arrivals sides[MAX_RINGS];
static int side_count, macs;
static unsigned lost;
static int listener;

static void attach(int fd, struct sock_filter *code, int length) {
  struct sock_fprog program = {length, code};
  checked(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), "filter");
}

static struct ring open_ring(const char *device, struct sock_filter *code, int length, int slot_bytes, int slots) {
  struct ring ring = {.slots = slots, .slot_bytes = slot_bytes};
  /* Bound last, so that nothing comes by without the filter. */
  ring.fd = checked(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket");
  attach(ring.fd, code, length);
  int version = TPACKET_V2;
  checked(setsockopt(ring.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version), "PACKET_VERSION");
  const unsigned block = 1 << 16;
  struct tpacket_req request = {block, slots / (block / slot_bytes), slot_bytes, slots};
  checked(setsockopt(ring.fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request), "PACKET_RX_RING");
  ring.memory = mmap(NULL, (size_t)slots * slot_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, 0);
  if (ring.memory == MAP_FAILED) fail("mmap");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  address.sll_ifindex = if_nametoindex(device);
  if (address.sll_ifindex == 0) fail(device);
  checked(bind(ring.fd, (struct sockaddr *)&address, sizeof address), "bind");
  return ring;
}

static struct ring open_events(const char *netns, const char *device) {
  /* RTM_NEWLINK only: a storm of other messages must not fill the ring. The type lies in the host's order. */
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWLINK), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 8192),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  enter_netns(netns);
  return open_ring(device, code, 4, 4096, 1024);
}

static struct ring open_side(const char *netns, const char *device) {
  /* ARP and RARP from 52:54:01. */
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_RARP, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x525401, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 64),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  enter_netns(netns);
  struct ring ring = open_ring(device, code, 9, 128, 1 << 17);
  int yes = 1;
  checked(setsockopt(ring.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes), "PACKET_IGNORE_OUTGOING");
  return ring;
}

/* The next frame in a ring, or NULL; the one before is given back to the kernel. */
static struct tpacket2_hdr *next_frame(struct ring *ring, struct tpacket2_hdr *before) {
  if (before) before->tp_status = TP_STATUS_KERNEL;
  struct tpacket2_hdr *head = (void *)(ring->memory + (size_t)ring->next * ring->slot_bytes);
  if (!(__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) return NULL;
  ring->next = (ring->next + 1) % ring->slots;
  return head;
}

static int64_t stamp(const struct tpacket2_hdr *head) { return head->tp_sec * 1000000000LL + head->tp_nsec; }

static void read_events(void) {
  for (struct tpacket2_hdr *head = NULL; (head = next_frame(&events, head));) {
    int changes = take_links(&known, (char *)head + head->tp_mac, head->tp_snaplen);
    if (changes & BECAME_ACTIVE && !active_at) active_at = stamp(head);
    if (changes & LOST_CARRIER && !carrier_at) carrier_at = stamp(head);
  }
}

static void read_side(struct arrivals *side) {
  for (struct tpacket2_hdr *head = NULL; (head = next_frame(&side->ring, head));) {
    const uint8_t *mac = (uint8_t *)head + head->tp_mac + 6;
    int number = mac[3] << 16 | mac[4] << 8 | mac[5];
    if (number >= macs || number >= MAX_MACS) {
      side->others++;
      continue;
    }
    side->frames++;
    side->distinct += !side->seen[number];
    side->seen[number] = 1;
    side->last = stamp(head);
    if (!side->first) side->first = side->last;
  }
}

static void count_lost(int fd) {
  struct tpacket_stats stats;
  socklen_t length = sizeof stats;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0) lost += stats.tp_drops;
}

static void read_all(void) {
  read_events();
  count_lost(events.fd);
  for (int n = 0; n < side_count; n++) {
    read_side(&sides[n]);
    count_lost(sides[n].ring.fd);
  }
}

/* A socket that is half full has the kernel yield in the middle of a failover (netlink_broadcast_filtered). */
static void drain(int fd) {
  char byte;
  while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == EINTR) continue;
}

static void clear(void) {
  drain(listener);
  read_all();
  active_at = carrier_at = lost = 0;
  for (int n = 0; n < side_count; n++) {
    struct ring ring = sides[n].ring;
    uint8_t *seen = sides[n].seen;
    memset(seen, 0, MAX_MACS);
    sides[n] = (struct arrivals){.ring = ring, .seen = seen};
  }
}

static void report(void) {
  read_all();
  printf("{\"activeAt\":%lld,\"carrierAt\":%lld,\"lost\":%u,\"sides\":[", (long long)active_at, (long long)carrier_at, lost);
  for (int n = 0; n < side_count; n++) {
    const struct arrivals *side = &sides[n];
    printf("%s{\"frames\":%d,\"distinct\":%d,\"others\":%d,\"first\":%lld,\"last\":%lld}", n ? "," : "", side->frames,
           side->distinct, side->others, (long long)side->first, (long long)side->last);
  }
  puts("]}");
}

static void switch_active(const char *order) {
  int fd = checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  struct ifreq request = {0};
  int milliseconds = 0;
  sscanf(order, "switch %15s %15s %d", request.ifr_name, request.ifr_slave, &milliseconds);
  checked(ioctl(fd, SIOCBONDCHANGEACTIVE, &request), "SIOCBONDCHANGEACTIVE");
  usleep(milliseconds * 1000);
  close(fd);
  puts("switched");
}

int main(int argc, char **argv) {
  if (argc < 6 || argc % 2) return fprintf(stderr, "witness NETNS DEVICE MACS [NETNS DEVICE]...\n"), 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  macs = atoi(argv[3]);
  events = open_events(argv[1], argv[2]);
  for (int n = 4; n < argc && side_count < MAX_RINGS; n += 2, side_count++)
    sides[side_count] = (struct arrivals){.ring = open_side(argv[n], argv[n + 1]), .seen = calloc(MAX_MACS, 1)};
  /* The kernel makes messages only when somebody listens, and this is how the state before the first one is known. */
  enter_netns(argv[1]);
  listener = open_links(&known);
  puts("ready");
  char line[64];
  while (next_line(line, sizeof line)) {
    if (strncmp(line, "take", 4) == 0) {
      report();
      continue;
    }
    clear();
    if (strncmp(line, "switch ", 7) == 0) switch_active(line);
    else puts("cleared");
  }
  return 0;
}
