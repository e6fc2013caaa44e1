import * as c from '../constants.js';
import { networkHalf } from '../message.js';
import { assemble, compute, type Instruction, jump, label, load, pass, store } from './assembler.js';

// linux/filter.h: what a load from these addresses gives is looked for from A on; 0 where there is none.
/** SKF_AD_NLATTR: the offset of the attribute of type X among those that begin at A. */
const ATTRIBUTE = 12;
/** SKF_AD_NLATTR_NEST: the offset of the attribute of type X within the one at A. */
const NESTED = 16;

// struct nlmsghdr and struct ifinfomsg, the first words of the messages that pass: see kernel/decode.ts and kernel/link.ts.
const TYPE = 4;
const FLAGS = 6;
const FAMILY = 16;
const ATTRIBUTES = 32;
/** A payload lies behind the header of its attribute. */
const PAYLOAD = 4;

/** "bond", in network byte order as filters load it. */
const BOND = 0x626f6e64;
const WHOLE = 0xffffffff;

/** Passes what says, by the kind in this attribute of IFLA_LINKINFO, that it is about a bond; all else goes on at `otherwise`. */
const passBond = (kind: number, otherwise: 'slave' | 'drop') => [
  load.x(kind),
  load.special(NESTED),
  jump.equal(0, { yes: otherwise }),
  compute.toX(),
  load.word(PAYLOAD),
  jump.equal(BOND, { no: otherwise }),
  load.byte(PAYLOAD + 4),
  jump.equal(0, { yes: 'pass' }),
];

/** Passes what says that the master is a bond. */
const BOND_SLAVE = [load.stored(0), ...passBond(c.IFLA_INFO_SLAVE_KIND, 'drop')];

/**
 * The filter of a socket that waits for failovers. Of the news of links it passes what is about a bond, about an active
 * slave, or beyond its judgement; and all that is no news of a link, such as dumps and answers. A host that starts a
 * hundred guests makes thousands of other messages, which would wake the socket's owner and fill its buffer.
 * @param slaves whose news passes: the active ones', or those of all slaves of bonds
 */
export function linkFilter(slaves: 'active' | 'all' = 'active'): Instruction[] {
  return assemble([
    load.x(0),
    load.half(TYPE),
    jump.equal(networkHalf(c.RTM_NEWLINK), { no: 'pass' }),
    load.half(FLAGS),
    jump.anyBit(networkHalf(c.NLM_F_MULTI), { yes: 'pass' }),
    load.byte(FAMILY),
    jump.equal(c.AF_UNSPEC, { no: 'drop' }), // the news of bridge ports
    load.x(c.IFLA_LINKINFO),
    load.value(ATTRIBUTES),
    load.special(ATTRIBUTE),
    jump.equal(0, { yes: 'pass' }),
    store(0),

    ...passBond(c.IFLA_INFO_KIND, 'slave'),

    label('slave'),
    load.stored(0),
    load.x(c.IFLA_INFO_SLAVE_DATA),
    load.special(NESTED),
    jump.equal(0, { yes: 'drop' }),
    load.x(c.IFLA_BOND_SLAVE_STATE),
    load.special(NESTED),
    jump.equal(0, { yes: 'drop' }),
    compute.toX(),
    load.byte(PAYLOAD),
    jump.equal(c.BOND_STATE_ACTIVE, { yes: 'pass' }), // of a port of a bridge it is the state "disabled"
    ...(slaves === 'all' ? BOND_SLAVE : []),

    label('drop'),
    pass(0),
    label('pass'),
    pass(WHOLE),
  ]);
}
