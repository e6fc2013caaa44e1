/** The kernel's tables in one form, so that three readers that share no code can be compared. Devices go by name. */

export interface LinkRow {
  name: string;
  mac: string | null;
  up: boolean;
  carrier: boolean;
  master: string | null;
  kind: string | null;
  /** A bond's active slave; a slave's own word whether it is active. */
  activeSlave: string | null;
  slaveActive: boolean | null;
  vlanId: number | null;
}

export interface FdbRow {
  mac: string;
  port: string;
  bridge: string | null;
  vlan: number | null;
  permanent: boolean;
}

export interface NeighbourRow {
  address: string;
  device: string;
  mac: string | null;
}

export interface Tables {
  links: LinkRow[];
  fdb: FdbRow[];
  neighbours: NeighbourRow[];
}

/** The same tables with their rows in one order. */
export function inOrder({ links, fdb, neighbours }: Tables): Tables {
  const sorted = <T>(rows: T[]): T[] =>
    rows
      .map((row) => ({ row, key: JSON.stringify(row) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ row }) => row);
  return { links: sorted(links), fdb: sorted(fdb), neighbours: sorted(neighbours) };
}
