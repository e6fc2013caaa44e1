import { type BondId, isOvsBond } from '../../topology/bond-id.js';
import path from 'node:path';
import { OVS_FOLDER } from '../../config/constants.js';
import { SyscallError } from '../../errors.js';
import type { Clock } from '../../sys/clock.js';
import type { openPacketSender } from '../../sys/packets/packet-sender.js';
import type { openUnixStream } from '../../sys/unix/unix-stream.js';
import { OpenFlowPort } from '../../wire/openflow-port.js';
import { type SlicePort, slicePortOn } from '../../wire/slice-port.js';
import type { OvsBonds } from './bonds.js';

/** Opens a port on a bond. @throws SyscallError for example ENODEV when the bond is gone */
type OpenPort = (bond: BondId) => SlicePort;

/** What ports are opened with. */
interface PortTools {
  readonly clock: Pick<Clock, 'after'>;
  readonly openPacketSender: typeof openPacketSender;
  readonly openUnixStream: typeof openUnixStream;
  /** Called with the frames that are about to leave by a bond of Open vSwitch: they carry no mark of ours. */
  readonly sending: (bond: BondId, frames: readonly Uint8Array[]) => void;
}

/** Ports on the kernel's bonds, and on those of Open vSwitch. */
export function portOpener(ovs: OvsBonds, tools: PortTools): OpenPort {
  return (bond) => (isOvsBond(bond) ? openOvsPort(ovs, bond, tools) : slicePortOn(tools.openPacketSender(bond, false)));
}

/** A port on a bond of Open vSwitch. Its bridge's socket is always there for local clients (ovs-vswitchd(8): mgmt). */
function openOvsPort(ovs: OvsBonds, bond: BondId, { clock, openUnixStream, sending }: PortTools): SlicePort {
  if (!ovs.find(bond)) throw new SyscallError('openflow', 'ENODEV', `device ${bond}`);
  return new OpenFlowPort({
    clock,
    path() {
      const bridge = ovs.find(bond)?.bridge.name;
      return bridge === undefined ? null : path.join(OVS_FOLDER, `${bridge}.mgmt`);
    },
    connect: openUnixStream,
    entrance: (station) => ovs.entrance(bond, station),
    sending: (frames) => sending(bond, frames),
  });
}
