/**
 * What the `bridge` and `ip` of Debian 12 cannot say yet, as netlink requests: instances of spanning tree (MST), locked
 * ports, a limit of what a bridge learns. What a kernel does not know of it passes over.
 */
import * as c from '../../../src/kernel/constants.js';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import { getLinkByIndexRequest } from '../../../src/kernel/requests.js';
import { openLinkSocket } from '../../../src/sys/netlink/link-socket.js';
import { attribute, ifinfomsg, message, nested, text, u32, u8 } from '../../support/netlink.js';
import { HYPERVISOR } from './hypervisor.js';
import { inNetns } from './netns.js';
import { deviceIndex } from './sockets.js';

const RTM_SETLINK = 19;
const NESTED = 0x8000;
const REQUEST_AND_ACK = 5;
const SEQ = 1;
const BR_BOOLOPT_MST = 1 << 2;
const [IFLA_BRPORT_LOCKED, IFLA_BRPORT_MAB] = [39, 40];
const [IFLA_BRIDGE_MST, IFLA_BRIDGE_MST_ENTRY, IFLA_BRIDGE_MST_ENTRY_MSTI, IFLA_BRIDGE_MST_ENTRY_STATE] = [6, 1, 1, 2];
const [BRIDGE_VLANDB_GLOBAL_OPTIONS, BRIDGE_VLANDB_GOPTS_ID, BRIDGE_VLANDB_GOPTS_MSTI] = [2, 1, 18];

/** `bridge link set dev PORT locked on mab on`; a kernel before 6.2 has no mab. */
export function lockPort(port: string): void {
  const options = [u8(IFLA_BRPORT_LOCKED, 1), u8(IFLA_BRPORT_MAB, 1)];
  setPort(port, nested(c.IFLA_PROTINFO | NESTED, ...options));
}

/** `ip link set BRIDGE type bridge mst_enabled 1`: while none of its ports is in a VLAN. */
export function enableMst(bridge: string): void {
  setBridge(bridge, attribute(c.IFLA_BR_MULTI_BOOLOPT, words(BR_BOOLOPT_MST, BR_BOOLOPT_MST)));
}

/** `ip link set BRIDGE type bridge fdb_max_learned MOST`. @returns whether the kernel knows such a limit: from 6.7 on */
export function limitLearning(bridge: string, most: number): boolean {
  setBridge(bridge, u32(c.IFLA_BR_FDB_MAX_LEARNED, most));
  const [link] = ask(getLinkByIndexRequest(deviceIndex(HYPERVISOR, bridge), SEQ, c.NLM_F_REQUEST));
  return link?.type === 'link' && link.details.type === 'bridge' && link.details.maxLearned === most;
}

/** `bridge vlan global set dev BRIDGE vid VID msti MSTI`. */
export function setInstance(bridge: string, vid: number, msti: number): void {
  const ids = [u16(BRIDGE_VLANDB_GOPTS_ID, vid), u16(BRIDGE_VLANDB_GOPTS_MSTI, msti)];
  const options = nested(BRIDGE_VLANDB_GLOBAL_OPTIONS | NESTED, ...ids);
  const header = words(c.AF_BRIDGE, deviceIndex(HYPERVISOR, bridge));
  change(c.RTM_NEWVLAN, header, options);
}

/** `bridge mst set dev PORT msti MSTI state STATE`. */
export function setInstanceState(port: string, msti: number, state: number): void {
  const said = [u16(IFLA_BRIDGE_MST_ENTRY_MSTI, msti), u8(IFLA_BRIDGE_MST_ENTRY_STATE, state)];
  const instance = nested(IFLA_BRIDGE_MST | NESTED, nested(IFLA_BRIDGE_MST_ENTRY | NESTED, ...said));
  setPort(port, nested(c.IFLA_AF_SPEC | NESTED, instance));
}

function setBridge(bridge: string, option: Buffer): void {
  const data = nested(c.IFLA_INFO_DATA | NESTED, option);
  const info = nested(c.IFLA_LINKINFO | NESTED, text(c.IFLA_INFO_KIND, 'bridge'), data);
  change(c.RTM_NEWLINK, ifinfomsg(deviceIndex(HYPERVISOR, bridge)), info);
}

function setPort(port: string, options: Buffer): void {
  change(RTM_SETLINK, ifinfomsg(deviceIndex(HYPERVISOR, port), 0, c.AF_BRIDGE), options);
}

function change(type: number, ...body: Uint8Array[]): void {
  const [answer] = ask(message({ type, flags: REQUEST_AND_ACK, seq: SEQ }, ...body));
  if (answer?.type !== 'answer' || answer.errno !== 0) throw new Error(`request ${type}: ${JSON.stringify(answer)}`);
}

function ask(request: Uint8Array): ReturnType<typeof decodeDatagram> {
  const socket = inNetns(HYPERVISOR, () => openLinkSocket(0));
  try {
    socket.send(request);
    const answer = socket.receive();
    return typeof answer === 'string' ? [] : decodeDatagram(answer);
  } finally {
    socket.close();
  }
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, n) => bytes.writeUInt32LE(value, 4 * n));
  return bytes;
}

function u16(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return attribute(type, bytes);
}
