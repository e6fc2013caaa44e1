import { parseMac } from '../../addr/mac.js';
import {
  DEAD_VLAN,
  OFPORT_LOCAL,
  type OvsBond,
  type OvsBridge,
  type OvsInterface,
  type OvsPort,
  type OvsVlans,
} from './config.js';
import { atoms, type Columns, entry, optional, text, whole, wholes } from './notation.js';

/*
 * Rows of the database as what they mean to us (vswitchd.conf.db(5)), the defaults as in OVS's vswitchd/bridge.c. What
 * no version that we know of writes is read so that nothing is announced by it.
 */

/** The greatest number of an OpenFlow 1.0 port (OFPP_MAX). */
const OFPORT_MAX = 0xff00;

/** Seconds, and MACs (lib/mac-learning.h and .c): the default, and what other values are brought to. */
const AGING = { standard: 300, least: 15, most: 3600 };
const TABLE = { standard: 8192, least: 10, most: 1_000_000 };

const MODES = ['access', 'trunk', 'native-tagged', 'native-untagged', 'dot1q-tunnel'] as const;

/** A port that carries nothing. */
const DEAD: OvsVlans = { mode: 'access', tag: DEAD_VLAN, trunks: [], cvlans: [], ethertype: 0x88a8 };

export function readBridge(uuid: string, row: Columns, ports: readonly OvsPort[]): OvsBridge {
  const failMode = optional(row.fail_mode);
  return {
    uuid,
    name: text(row.name) ?? '',
    programmed: atoms(row.controller)?.length !== 0 || (failMode !== undefined && failMode !== 'standalone'),
    macAgingTime: setting(row, 'mac-aging-time', AGING),
    macTableSize: setting(row, 'mac-table-size', TABLE),
    ports,
  };
}

export function readPort(uuid: string, row: Columns, interfaces: readonly OvsInterface[]): OvsPort {
  return {
    uuid,
    name: text(row.name) ?? '',
    vlans: readVlans(row),
    interfaces,
    bond: interfaces.length > 1 ? readBond(row, interfaces) : null,
  };
}

export function readInterface(uuid: string, row: Columns): OvsInterface {
  const type = text(row.type) ?? '';
  const ofport = whole(row.ofport, 1, OFPORT_LOCAL); // -1 says that it could not be made
  return {
    uuid,
    name: text(row.name) ?? '',
    type: type === '' ? 'system' : type,
    ifindex: whole(row.ifindex, 1, 0x7fffffff), // 0 says that the device has none
    ofport: ofport !== null && (ofport < OFPORT_MAX || ofport === OFPORT_LOCAL) ? ofport : null,
    peer: type === 'patch' ? entry(row.options, 'peer') : null,
    mac: parseMac(text(row.mac_in_use) ?? '') ?? null,
    up: text(row.admin_state) === 'up',
    lowerUp: text(row.link_state) === 'up',
    ...(optional(row.lacp_current) === true ? { hasPartner: true } : {}),
    ...(whole(row.ingress_policing_rate, 1, 0xffffffff) === null ? {} : { policed: true }),
  };
}

/** As port_configure() and, for the native VLAN, bundle_set() of ofproto/ofproto-dpif.c have it. */
function readVlans(row: Columns): OvsVlans {
  const vid = whole(row.tag, 0, DEAD_VLAN);
  const written = optional(row.vlan_mode);
  const implied = vid === null ? 'trunk' : 'access';
  const mode = written === undefined ? implied : MODES.find((each) => each === written);
  const trunks = wholes(row.trunks, 0, DEAD_VLAN);
  const cvlans = wholes(row.cvlans, 0, DEAD_VLAN);
  if (!mode || !trunks || !cvlans || (vid === null && optional(row.tag) !== undefined)) return DEAD;
  const ethertype = entry(row.other_config, 'qinq-ethtype') === '802.1q' ? 0x8100 : 0x88a8;
  const native = vid ?? 0;
  switch (mode) {
    case 'trunk':
      return { mode, tag: null, trunks, cvlans: [], ethertype };
    case 'access':
      return { mode, tag: native, trunks: [], cvlans: [], ethertype };
    case 'dot1q-tunnel':
      return { mode, tag: native, trunks: [], cvlans, ethertype };
    default:
      return { mode, tag: native, trunks: withNative(trunks, native), cvlans: [], ethertype };
  }
}

/** The native VLAN is always among the trunked ones, and takes the place of VLAN 0. */
function withNative(trunks: readonly number[], native: number): readonly number[] {
  if (trunks.length === 0 || native === 0) return trunks;
  return [...trunks.filter((vid) => vid !== 0 && vid !== native), native];
}

/**
 * What we cannot read is taken for a bond with LACP, behind which nothing needs announcing. Without a partner on any of
 * its links a bond whose LACP may fall back sends by one of them (ofproto/bond.c: bond_is_falling_back_to_ab).
 */
function readBond(row: Columns, interfaces: readonly OvsInterface[]): OvsBond {
  const mode = optional(row.bond_mode);
  const lacp = optional(row.lacp);
  const mac = parseMac(text(row.bond_active_slave) ?? '');
  const mayFallBack = entry(row.other_config, 'lacp-fallback-ab')?.toLowerCase() === 'true';
  const negotiates = (lacp === 'active' || lacp === 'passive') && !interfaces.some(({ hasPartner }) => hasPartner);
  const [active, ...others] = interfaces.filter((member) => member.mac !== null && member.mac === mac);
  return {
    mode:
      mode === undefined || mode === 'active-backup' ? 'active-backup' : mode === 'balance-slb' ? mode : 'balance-tcp',
    active: others.length === 0 ? (active?.uuid ?? null) : null, // two members of one MAC look the same
    lacp: lacp === undefined || lacp === 'off' ? 'off' : lacp === 'passive' ? lacp : 'active',
    ...(negotiates && mayFallBack ? { fallsBack: true } : {}),
    updelay: whole(row.bond_updelay, 0, 0x7fffffff) ?? 0,
  };
}

/** A number in other_config as smap_get_int() reads it: 0 stands for the default, and so does what is no number. */
function setting(row: Columns, key: string, { standard, least, most }: typeof AGING): number {
  const written = entry(row.other_config, key)?.trim() ?? '';
  const number = /^[+-]?\d{1,10}$/.test(written) ? Number(written) : 0;
  if (number === 0 || Math.abs(number) > 0x7fffffff) return standard;
  return number < 0 ? most : Math.min(Math.max(number, least), most); // they are unsigned where they are limited
}
