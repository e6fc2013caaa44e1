/* Which slave of a bond has become the active one, as RTM_NEWLINK messages tell. */
#ifndef BENCH_SLAVES_H
#define BENCH_SLAVES_H

#include "common.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define MAX_DEVICES 4096
/* IFF_LOWER_UP; linux/if.h, which has it, does not go together with net/if.h. */
#define HAS_CARRIER (1 << 16)

/* What is known of each device, by ifindex: 0 nothing yet. */
struct slaves {
  uint8_t active[MAX_DEVICES]; /* 1 backup, 2 active */
  uint8_t carrier[MAX_DEVICES]; /* 1 none, 2 carrier */
};

enum { BECAME_ACTIVE = 1, LOST_CARRIER = 2 };

static inline const struct rtattr *find_attribute(const struct rtattr *first, int length, int type) {
  for (const struct rtattr *at = first; RTA_OK(at, length); at = RTA_NEXT(at, length))
    if ((at->rta_type & NLA_TYPE_MASK) == type) return at;
  return NULL;
}

static inline const struct rtattr *find_nested(const struct rtattr *in, int type) {
  return in ? find_attribute(RTA_DATA(in), RTA_PAYLOAD(in), type) : NULL;
}

/* Takes one message in. Returns the bits of what has changed. */
static inline int take_link(struct slaves *known, const struct nlmsghdr *message) {
  if (message->nlmsg_type != RTM_NEWLINK) return 0;
  const struct ifinfomsg *info = NLMSG_DATA(message);
  if (info->ifi_family != AF_UNSPEC || info->ifi_index >= MAX_DEVICES) return 0;
  const int at = info->ifi_index;
  int changes = 0;
  const uint8_t carrier = info->ifi_flags & HAS_CARRIER ? 2 : 1;
  if (known->carrier[at] == 2 && carrier == 1) changes |= LOST_CARRIER;
  known->carrier[at] = carrier;

  const struct rtattr *link = find_attribute(IFLA_RTA(info), IFLA_PAYLOAD(message), IFLA_LINKINFO);
  const struct rtattr *state = find_nested(find_nested(link, IFLA_INFO_SLAVE_DATA), IFLA_BOND_SLAVE_STATE);
  if (!state) return changes;
  const uint8_t active = *(const uint8_t *)RTA_DATA(state) == 0 ? 2 : 1;
  if (known->active[at] == 1 && active == 2) changes |= BECAME_ACTIVE;
  known->active[at] = active;
  return changes;
}

/* Takes a datagram in. */
static inline int take_links(struct slaves *known, const void *bytes, int length) {
  int changes = 0;
  const struct nlmsghdr *message = bytes;
  for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) changes |= take_link(known, message);
  return changes;
}

/* A socket on the link group, which has been told about all links. */
static inline int open_links(struct slaves *known) {
  int fd = checked(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink");
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  checked(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
  struct {
    struct nlmsghdr head;
    struct ifinfomsg info;
  } request = {.head = {sizeof request, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}};
  checked(send(fd, &request, sizeof request, 0), "dump");
  static char bytes[65536];
  for (int done = 0; !done;) {
    int length = checked(recv(fd, bytes, sizeof bytes, 0), "dump");
    take_links(known, bytes, length);
    const struct nlmsghdr *message = (const void *)bytes;
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) done |= message->nlmsg_type == NLMSG_DONE;
  }
  return fd;
}

#endif
