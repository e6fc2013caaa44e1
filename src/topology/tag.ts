/** A VLAN tag on the wire: its EtherType (0x8100 or 0x88a8) and VLAN identifier. */
export interface Tag {
  readonly tpid: number;
  readonly vid: number;
}
