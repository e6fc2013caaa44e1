/* What the programs of the benchmark share: errors, namespaces, sockets, and the frames that are announced. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES 60

static inline void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline int checked(int result, const char *what) {
  if (result < 0) fail(what);
  return result;
}

static inline int64_t now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* A line in, at the end of which the owner has gone. */
static inline int next_line(char *line, int size) { return fgets(line, size, stdin) != NULL; }

static inline void enter_netns(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "/run/netns/%s", name);
  int fd = checked(open(path, O_RDONLY | O_CLOEXEC), path);
  checked(setns(fd, CLONE_NEWNET), "setns");
  close(fd);
}

/* A packet socket on a device; protocol 0 hears nothing. */
static inline int packet_socket(const char *device, int protocol) {
  int fd = checked(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
  address.sll_ifindex = if_nametoindex(device);
  if (address.sll_ifindex == 0) fail(device);
  checked(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
  return fd;
}

/* The n-th announced guest: 52:54:01 and its number. The benchmark's macs.ts counts the same way. */
static inline void write_mac(uint8_t *mac, int n) {
  const uint8_t bytes[] = {0x52, 0x54, 0x01, n >> 16, n >> 8, n};
  memcpy(mac, bytes, sizeof bytes);
}

/* RARP "request reverse" for the n-th guest, padded to the least that Ethernet carries. */
static inline void write_rarp(uint8_t *frame, int n) {
  static const uint8_t fixed[] = {0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3};
  memset(frame, 0, FRAME_BYTES);
  memset(frame, 0xff, 6);
  write_mac(frame + 6, n);
  memcpy(frame + 12, fixed, sizeof fixed);
  write_mac(frame + 22, n);
  write_mac(frame + 32, n);
}

#endif
