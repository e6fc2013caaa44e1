import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { capture } from '../net/capture.js';
import { CLIENTS } from '../net/clients.js';
import { BONDHERALD, Daemon } from '../net/daemon.js';
import { BOND, HYPERVISOR, type Hypervisor } from '../net/hypervisor.js';
import { json } from '../net/ip.js';
import { Lab } from '../net/lab.js';
import { Stream, type GuestRecord } from '../net/stream.js';
import type { DemoEvent, Kind, RunResult } from './events.js';
import type { LinkState } from './link-message.js';
import { LinkWatch } from './link-watch.js';
import { AFTER_MS, BEFORE_MS } from './window.js';

type Emit = (event: DemoEvent) => void;

/** Between two samples for the picture that grows; a finer one would take time from the daemon on a single CPU. */
const SAMPLE_MS = 100;

/** When to ask what became of the bond: with miimon 100 it needs some 100 ms, on a busy machine a little more. */
const LOOK_AFTER_MS = 400;

/** Three guests as three ports of a VLAN-aware bridge: one untagged, two on VLANs, so that a wrong tag would show. */
function attach(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10, 20] });
  hv.guest('br0');
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { access: 20, wire: [20] });
}

/** Builds the topology anew, lets the active link fail under a stream to every guest, and emits what came of it. */
export async function measure(kind: Kind, emit: Emit): Promise<void> {
  emit({ event: 'step', text: 'building two switches, a bond and three guests' });
  const lab = await Lab.build({ bond: { miimon: 100 }, attach });
  try {
    const switched = await LinkWatch.start(lab, HYPERVISOR);
    const cut = await LinkWatch.start(lab, 'sw1');
    if (kind === 'with') emit({ event: 'step', text: 'starting bondherald, without any configuration' });
    const daemon = kind === 'with' ? await Daemon.start(lab, [BONDHERALD, 'run']) : null;
    const result = await failOver(lab, { cut, switched }, kind, emit);
    const metrics = daemon === null ? null : await daemon.get();
    emit({ event: 'result', result: { ...result, metrics } });
    emit({ event: 'step', text: 'taking it all down' });
    await daemon?.stop();
  } finally {
    await lab.destroy();
  }
}

async function failOver(
  lab: Lab,
  watches: { cut: LinkWatch; switched: LinkWatch },
  kind: Kind,
  emit: Emit,
): Promise<Omit<RunResult, 'metrics'>> {
  // Whatever comes out of the hypervisor by the new link: guests and backup slave are silent, so nothing else does.
  // The stream goes the other way through that port. The filter `inbound` would say so, but it loses the first frame.
  const far = capture(lab, 'sw2', 'p-hv', { filter: `not ip and not ether src ${CLIENTS['client']?.mac ?? ''}` });
  emit({ event: 'step', text: 'starting a stream to each guest' });
  const stream = await Stream.start(lab);
  const begin = now();
  emit({ event: 'run', kind, guests: guestInfos(lab), hostMacs: await hostMacs() });
  const stopSampling = sample(lab, stream, begin, emit);
  await sleep(BEFORE_MS);
  watches.cut.forget();
  watches.switched.forget();
  await lab.cutLink(1);
  // Nothing of ours runs while the bond and the daemon do their work.
  await sleep(LOOK_AFTER_MS);
  const cutAt = await until(() => watches.cut.first(isCut), { what: 'the link is down' });
  const switchedAt = (await until(() => watches.switched.first(isSwitched), { what: 'the bond switches' })) - cutAt;
  emit({ event: 'cut', at: round(cutAt - begin), switchedAt: round(switchedAt) });
  await sleep(cutAt + AFTER_MS - now());
  stopSampling();
  const records = await stream.stop();
  await far.settled();
  const frames = far.frames.map(({ time, bytes }) => ({ at: round(time - cutAt), hex: bytes.toString('hex') }));
  return { kind, ...asResult(records, cutAt), switchedAt: round(switchedAt), frames };
}

const isCut = ({ name, up }: LinkState): boolean => name === 'p-hv' && !up;
const isSwitched = ({ name, active }: LinkState): boolean => name === 'up2' && active === true;

function sample(lab: Lab, stream: Stream, begin: number, emit: Emit): () => void {
  const timer = setInterval(() => {
    const received = lab.guests.map((guest) => stream.received(guest));
    emit({ event: 'sample', at: round(now() - begin), sent: stream.sent, received });
  }, SAMPLE_MS);
  return () => clearInterval(timer);
}

function asResult(records: readonly GuestRecord[], cutAt: number): Pick<RunResult, 'sentAt' | 'guests'> {
  return {
    sentAt: (records[0]?.packets ?? []).map((packet) => round(packet.sentAt - cutAt)),
    guests: records.map(({ guest, packets, longestOutage, darkAtEnd }) => ({
      name: guest.name,
      arrived: packets.map((packet) => (packet.arrived ? '1' : '0')).join(''),
      outageMs: round(longestOutage),
      darkAtEnd,
    })),
  };
}

function guestInfos(lab: Lab): { name: string; mac: string; vlans: number[] }[] {
  return lab.guests.map(({ name, mac, wire }) => ({ name, mac, vlans: (wire ?? []).map((tag) => tag.vid) }));
}

/** The hypervisor's own addresses behind the bond, which may be announced as well. */
async function hostMacs(): Promise<string[]> {
  const links = (await json('ip', HYPERVISOR, 'link', 'show')) as { ifname: string; address: string }[];
  return links.filter(({ ifname }) => [BOND, 'br0'].includes(ifname)).map(({ address }) => address);
}

/** ms since 1970, in step with the stream's times and the kernel's. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
