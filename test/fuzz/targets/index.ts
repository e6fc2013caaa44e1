import type { Target } from '../engine/target.js';

/** Everything that reads bytes from outside, the most exposed first. README.md says which part of src/ each is about. */
const TARGETS = {
  netlink: () => import('./netlink.js'),
  frames: () => import('./frames.js'),
  openflow: () => import('./openflow.js'),
  'json-rpc': () => import('./json-rpc.js'),
  ovsdb: () => import('./ovsdb.js'),
  'mac-table': () => import('./mac-table.js'),
  libvirt: () => import('./libvirt.js'),
  proxmox: () => import('./proxmox.js'),
  request: () => import('./request.js'),
  answer: () => import('./answer.js'),
  'control-socket': () => import('./control-socket.js'),
  ask: () => import('./ask.js'),
  http: () => import('./http.js'),
  words: () => import('./words.js'),
  state: () => import('./state.js'),
  journal: () => import('./journal.js'),
  config: () => import('./config.js'),
  'web-config': () => import('./web-config.js'),
} as const;

export type TargetName = keyof typeof TARGETS;

export const TARGET_NAMES = Object.keys(TARGETS) as TargetName[];

/** @param name one of `TARGET_NAMES` */
export async function loadTarget(name: TargetName): Promise<Target> {
  const { target }: { target: () => Target | Promise<Target> } = await TARGETS[name]();
  return target();
}
