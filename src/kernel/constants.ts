/** Numbers of the rtnetlink protocol, under the names of the kernel's uapi headers. */

// linux/netlink.h
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
export const NLA_F_NESTED = 0x8000;
export const NLA_TYPE_MASK = 0x3fff;
export const NLMSG_HEADER_LENGTH = 16;

// linux/rtnetlink.h
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;
export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;
export const RTM_NEWACTION = 48;
export const RTM_DELACTION = 49;
export const RTM_NEWNETCONF = 80;
export const RTM_GETNETCONF = 82;
export const RTM_NEWVLAN = 112;
export const RTM_DELVLAN = 113;
export const RTM_GETVLAN = 114;
export const RTNLGRP_LINK = 1;
export const RTNLGRP_NEIGH = 3;
export const RTNLGRP_TC = 4;
export const RTNLGRP_IPV4_IFADDR = 5;
export const RTNLGRP_IPV6_IFADDR = 9;
export const RTNLGRP_IPV6_NETCONF = 25;
export const RTNLGRP_BRVLAN = 33;
export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;
export const RTEXT_FILTER_BRVLAN_COMPRESSED = 1 << 2;
export const RTEXT_FILTER_SKIP_STATS = 1 << 3;

// sys/socket.h
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const AF_INET6 = 10;

// linux/if.h
export const IFF_UP = 0x1;
export const IFF_RUNNING = 0x40;
export const IFF_NOARP = 0x80;
export const IFF_LOWER_UP = 0x10000;

// linux/if_link.h
export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_PROTINFO = 12;
export const IFLA_LINKINFO = 18;
export const IFLA_AF_SPEC = 26;
export const IFLA_EXT_MASK = 29;
export const IFLA_PHYS_SWITCH_ID = 36;
export const IFLA_LINK_NETNSID = 37;
export const IFLA_PHYS_PORT_NAME = 38;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
export const IFLA_INFO_SLAVE_KIND = 4;
export const IFLA_INFO_SLAVE_DATA = 5;
export const IFLA_BOND_MODE = 1;
export const IFLA_BOND_ACTIVE_SLAVE = 2;
export const IFLA_BOND_MIIMON = 3;
export const IFLA_BOND_DOWNDELAY = 5;
export const IFLA_BOND_ARP_INTERVAL = 7;
export const IFLA_BOND_PRIMARY = 11;
export const IFLA_BOND_AD_INFO = 23;
export const IFLA_BOND_AD_INFO_AGGREGATOR = 1;
export const IFLA_BOND_SLAVE_STATE = 1;
export const IFLA_BOND_SLAVE_MII_STATUS = 2;
export const IFLA_BOND_BROADCAST_NEIGH = 33;
export const IFLA_BOND_SLAVE_AD_AGGREGATOR_ID = 6;
export const IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE = 7;
export const IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE = 8;
export const IFLA_BOND_SLAVE_PRIO = 9;
export const IFLA_VLAN_ID = 1;
export const IFLA_VLAN_PROTOCOL = 5;
export const IFLA_BR_VLAN_FILTERING = 7;
export const IFLA_BR_VLAN_PROTOCOL = 8;
export const IFLA_BR_VLAN_DEFAULT_PVID = 39;
export const IFLA_BR_MULTI_BOOLOPT = 46;
export const IFLA_BR_FDB_N_LEARNED = 48;
export const IFLA_BR_FDB_MAX_LEARNED = 49;
export const IFLA_BRPORT_STATE = 1;
export const IFLA_INET6_ADDR_GEN_MODE = 8;
export const IN6_ADDR_GEN_MODE_NONE = 1;

// linux/if_bonding.h
export const BOND_MODE_ACTIVEBACKUP = 1;
export const BOND_MODE_8023AD = 4;
export const BOND_STATE_ACTIVE = 0;
/** LACP_STATE_* (net/bond_3ad.h): it takes frames; it has no partner. */
export const LACP_STATE_COLLECTING = 0x10;
export const LACP_STATE_DEFAULTED = 0x40;
/** What a bond holds of the link of a slave (BOND_LINK_UP): neither down nor in a delay. */
export const BOND_LINK_UP = 0;

// linux/if_bridge.h
export const IFLA_BRIDGE_FLAGS = 0;
export const BRIDGE_FLAGS_SELF = 2;
export const IFLA_BRIDGE_VLAN_INFO = 2;
export const BRIDGE_VLAN_INFO_PVID = 1 << 1;
export const BRIDGE_VLAN_INFO_UNTAGGED = 1 << 2;
export const BRIDGE_VLAN_INFO_RANGE_BEGIN = 1 << 3;
export const BRIDGE_VLAN_INFO_RANGE_END = 1 << 4;
export const BRIDGE_VLANDB_ENTRY = 1;
export const BRIDGE_VLANDB_ENTRY_INFO = 1;
export const BRIDGE_VLANDB_ENTRY_RANGE = 2;
export const BRIDGE_VLANDB_ENTRY_STATE = 3;
export const BRIDGE_VLANDB_GLOBAL_OPTIONS = 2;
export const BRIDGE_VLANDB_GOPTS_ID = 1;
export const BRIDGE_VLANDB_GOPTS_RANGE = 2;
export const BRIDGE_VLANDB_GOPTS_MSTI = 18;
export const BRIDGE_VLANDB_DUMP_FLAGS = 1;
export const BRIDGE_VLANDB_DUMPF_GLOBAL = 1 << 1;
export const BR_BOOLOPT_MST_ENABLE = 2;
export const BR_STATE_DISABLED = 0;
export const BR_STATE_FORWARDING = 3;

// linux/if_addr.h
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_FLAGS = 8;
export const IFA_F_OPTIMISTIC = 0x04;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_TENTATIVE = 0x40;

// linux/netconf.h
export const NETCONFA_IFINDEX_ALL = -1;
export const NETCONFA_IFINDEX_DEFAULT = -2;
export const NETCONFA_IFINDEX = 1;
export const NETCONFA_FORWARDING = 2;

// linux/neighbour.h
export const NDA_DST = 1;
export const NDA_LLADDR = 2;
export const NDA_VLAN = 5;
export const NDA_MASTER = 9;
export const NDA_FLAGS_EXT = 15;
export const NTF_SELF = 0x2;
export const NTF_MASTER = 0x4;
export const NTF_EXT_LOCKED = 0x2;
export const NUD_REACHABLE = 0x2;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

// linux/pkt_sched.h: the qdisc clsact, its two hooks
export const TC_H_CLSACT = 0xfffffff1;
export const TC_H_CLSACT_HANDLE = 0xffff0000;
export const TC_H_CLSACT_INGRESS = 0xfffffff2;
export const TC_H_CLSACT_EGRESS = 0xfffffff3;

// linux/pkt_cls.h
export const TCA_ACT_KIND = 1;
export const TCA_ACT_OPTIONS = 2;
export const TC_ACT_PIPE = 3;
export const TC_ACT_STOLEN = 4;
export const TC_ACT_UNSPEC = 0xffffffff;
export const TCA_U32_SEL = 5;
export const TCA_U32_ACT = 7;
export const TC_U32_TERMINAL = 1;
export const TCA_MATCHALL_ACT = 2;

// linux/tc_act/tc_bpf.h
export const TCA_ACT_BPF_PARMS = 2;
export const TCA_ACT_BPF_OPS_LEN = 3;
export const TCA_ACT_BPF_OPS = 4;

// linux/tc_act/tc_mirred.h
export const TCA_MIRRED_PARMS = 2;
export const TCA_EGRESS_REDIR = 1;
export const TCA_EGRESS_MIRROR = 2;

// linux/if_ether.h
export const ETH_P_8021Q = 0x8100;
export const ETH_P_8021AD = 0x88a8;
