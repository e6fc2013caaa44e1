import { parseMac } from '../../addr/mac.js';
import { OFPORT_LOCAL, type OvsMacRow } from './config.js';

/*
 * The answer of ovs-vswitchd to `fdb/show BRIDGE` (ofproto_unixctl_fdb_show() of ofproto/ofproto-dpif.c):
 *
 *      port  VLAN  MAC                Age
 *     LOCAL     0  52:54:00:00:00:01    0
 *         3   905  52:54:00:00:00:02  299
 *         4     0  52:54:00:00:00:03  static
 *
 * The same from 2.13 on, but for `static`, which is of 2.16, and for `Port` in place of `port` after 3.7.
 */
const ROW = /^ *(LOCAL|\d{1,5}) +(\d{1,4}) +([0-9a-f:]{17}) +(static|-?\d{1,10}) *$/;
const HEADER = /^ *port +VLAN +MAC +Age *$/i;

/** The greatest number of a port, which OVS prints in words where it has one. */
const OFPORT_MAX = 0xff00;
const VLAN_MAX = 4095;

/** Reads a MAC table piece by piece, since one of 50,000 rows would take the thread from others for too long. */
export class MacTableReader {
  readonly rows: OvsMacRow[] = [];
  /** How many lines were no rows. */
  unreadable = 0;
  private position = 0;

  constructor(private readonly text: string) {}

  /** Reads up to so many lines. @returns whether there are more */
  read(lines: number): boolean {
    for (let n = 0; n < lines && this.position < this.text.length; n++) {
      const newline = this.text.indexOf('\n', this.position);
      const end = newline < 0 ? this.text.length : newline;
      const line = this.text.slice(this.position, end);
      const row = readRow(line);
      if (row) this.rows.push(row);
      else if (line.trim() !== '' && !HEADER.test(line)) this.unreadable++;
      this.position = end + 1;
    }
    return this.position < this.text.length;
  }
}

/** @returns null for what is no row */
function readRow(line: string): OvsMacRow | null {
  const [, port = '', vlan = '', address = '', age = ''] = ROW.exec(line) ?? [];
  // A copy: what is cut out of a text keeps all of the text in memory, and a guest's MAC is kept for long.
  const mac = parseMac(Buffer.from(address, 'latin1').toString('latin1'));
  const ofport = port === 'LOCAL' ? OFPORT_LOCAL : Number(port);
  const known = ofport === OFPORT_LOCAL ? port === 'LOCAL' : ofport > 0 && ofport < OFPORT_MAX;
  if (!mac || !known || Number(vlan) > VLAN_MAX) return null;
  // An entry on its way out may be a second older than can be: its age is what remains of the ageing time, turned round.
  return { ofport, vlan: Number(vlan), mac, age: age === 'static' ? null : Math.max(0, Number(age)) };
}
