import { encodeProgram } from '../kernel/bpf/assembler.js';
import { type MirrorDevices, tcNewsFilter } from '../kernel/bpf/tc-news-filter.js';
import { newsOf } from '../kernel/tc-events.js';
import type { NewsSocket } from '../sys/netlink/link-socket.js';

/** What others do to the devices of mirrors, as the kernel tells of it. Of programs at tcx it tells nothing. */
export class MirrorNews {
  private followed = '';

  /**
   * @param socket a member of RTNLGRP_TC and RTNLGRP_LINK
   * @param ownPort the port of the socket by which we change mirrors ourselves
   */
  constructor(
    private readonly socket: NewsSocket,
    private readonly ownPort: number,
  ) {
    this.follow({ bonds: [], dummies: [] });
  }

  /** Readable when there is news. */
  get descriptor(): number {
    return this.socket.descriptor;
  }

  /** From now on there is news of these devices and of no others. */
  follow(devices: MirrorDevices): void {
    const followed = JSON.stringify(devices);
    if (followed === this.followed) return;
    this.followed = followed;
    this.socket.setFilter(encodeProgram(tcNewsFilter(devices, this.ownPort)));
  }

  /** Reads what there is. @returns the devices that something has changed about; or `any`, when that is not known */
  changed(): ReadonlySet<number> | 'any' {
    const devices = new Set<number>();
    let isKnown = true;
    for (let reads = 0; reads < MOST_READS; reads++) {
      const datagram = this.socket.receive(false);
      if (datagram === 'nothing') break;
      const device = typeof datagram === 'string' ? null : newsOf(datagram);
      if (device === null) isKnown = false;
      else devices.add(device);
    }
    return isKnown ? devices : 'any';
  }

  close(): void {
    this.socket.close();
  }
}

/** In one turn of the thread. */
const MOST_READS = 256;
