import * as c from '../constants.js';
import { networkHalf, networkWord } from '../message.js';
import { assemble, type Instruction, jump, label, type Line, load, pass } from './assembler.js';

// struct nlmsghdr, then struct ifinfomsg or struct tcmsg, which have the ifindex at the same place.
const TYPE = 4;
const SENDER = 12;
const IFINDEX = 20;
const PARENT = 28;

const WHOLE = 0xffffffff;

/** BPF_MAXINSNS is 4096, and a device takes two instructions, or four. */
const MOST_DEVICES = 1000;

/** The devices that a mirror is made of, by ifindex. */
export interface MirrorDevices {
  /** Those that are listened on. */
  readonly bonds: readonly number[];
  /** Those that get the copies. */
  readonly dummies: readonly number[];
}

/** Passes what is about one of the devices; goes on with the rest. However many there are, each jump is short. */
const passAbout = (devices: readonly number[]): Line[] => [
  load.word(IFINDEX),
  ...devices.flatMap((ifindex) => [
    jump.equal(networkWord(ifindex), { no: `not ${ifindex}` }),
    pass(WHOLE),
    label(`not ${ifindex}`),
  ]),
];

const isOf = (types: readonly number[], yes: string): Line[] =>
  types.map((type) => jump.equal(networkHalf(type), { yes }));

/**
 * The filter of a socket that waits for what others do to mirrors. Of the groups RTNLGRP_TC and RTNLGRP_LINK it passes
 * the news of qdiscs and of egress filters of the bonds and dummies, of the dummies themselves, and of actions, which
 * belong to no device. What Open vSwitch offloads to ingress filters does not wake the socket's owner.
 * @param ownPort the netlink port of the socket by which we change them ourselves: that is no news
 */
export function tcNewsFilter({ bonds, dummies }: MirrorDevices, ownPort: number): Instruction[] {
  if (bonds.length + dummies.length > MOST_DEVICES) return assemble([pass(WHOLE)]);
  return assemble([
    load.x(0),
    load.word(SENDER),
    jump.equal(networkWord(ownPort), { yes: 'drop' }),
    load.half(TYPE),
    ...isOf([c.RTM_NEWQDISC, c.RTM_DELQDISC, c.RTM_NEWLINK, c.RTM_DELLINK], 'about a device'),
    ...isOf([c.RTM_NEWTFILTER, c.RTM_DELTFILTER], 'about a filter'),
    ...isOf([c.RTM_NEWACTION, c.RTM_DELACTION], 'pass'),
    label('drop'),
    pass(0),
    label('pass'),
    pass(WHOLE),

    label('about a filter'),
    load.word(PARENT),
    jump.equal(networkWord(c.TC_H_CLSACT_INGRESS), { no: 'about a device' }),
    pass(0),

    label('about a device'),
    ...passAbout(dummies),
    load.half(TYPE),
    jump.equal(networkHalf(c.RTM_NEWLINK), { yes: 'about another link' }),
    jump.equal(networkHalf(c.RTM_DELLINK), { no: 'about another tc' }),
    label('about another link'),
    pass(0),
    label('about another tc'),
    ...passAbout(bonds),
    pass(0),
  ]);
}
