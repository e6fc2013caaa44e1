import path from 'node:path';
import { OVS_FOLDER } from '../../config/constants.js';
import { SyscallError } from '../../errors.js';
import type { Clock } from '../../sys/clock.js';
import { openUnixStream } from '../../sys/unix/unix-stream.js';
import { OpenFlowPort } from '../../wire/openflow-port.js';
import { openSlicePort, type SlicePort } from '../../wire/slice-port.js';
import type { OvsBonds } from './bonds.js';

/** Opens a port on a bond. @throws SyscallError for example ENODEV when the bond is gone */
export type OpenPort = (bond: number) => SlicePort;

/** Is told which frames are about to leave by a bond of Open vSwitch: they come by with no mark of ours. */
export type SendingListener = (bond: number, frames: readonly Uint8Array[]) => void;

/** Ports on the kernel's bonds, and on those of Open vSwitch. */
export function portOpener(ovs: OvsBonds, clock: Pick<Clock, 'after'>, sending: SendingListener): OpenPort {
  return (bond) => (bond < 0 ? openOvsPort(ovs, bond, clock, sending) : openSlicePort(bond));
}

/** A port on a bond of Open vSwitch. Its bridge's socket is always there for local clients (ovs-vswitchd(8): mgmt). */
function openOvsPort(ovs: OvsBonds, bond: number, clock: Pick<Clock, 'after'>, sending: SendingListener): SlicePort {
  if (!ovs.find(bond)) throw new SyscallError('openflow', 'ENODEV', `device ${bond}`);
  return new OpenFlowPort({
    clock,
    path() {
      const bridge = ovs.find(bond)?.bridge.name;
      return bridge === undefined ? null : path.join(OVS_FOLDER, `${bridge}.mgmt`);
    },
    connect: (file, listener) => openUnixStream(file, listener),
    entrance: (key) => ovs.entrance(bond, key),
    sending: (frames) => sending(bond, frames),
  });
}
