import { dirname } from 'node:path';
import { markOf } from './transcript.js';
import type { WorldRun } from './types.js';

/** Where a world finds its programs; sbin has ip, bridge, tc and modprobe. */
export const WORLD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Without these there is nothing to test. */
const REQUIRED = ['bonding', 'bridge', '8021q', 'veth'];

/** A kernel may have these built in or lack them; a test that needs one says so itself by failing. */
const WELCOME = [
  ...[
    'af_packet',
    'dummy',
    'macvlan',
    'macvtap',
    'ipvlan',
    'tun',
    'ifb',
    'vxlan',
    'ipv6',
    'team',
    'team_mode_activebackup',
  ],
  ...['sch_netem', 'sch_ingress', 'cls_matchall', 'act_gact', 'act_mirred', 'nf_tables', 'nft_reject', 'br_netfilter'],
  ...['act_bpf', 'cls_bpf', 'cls_u32', 'nlmon'],
];

/** One argument for a shell, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The part of an init that all worlds share: loads the modules, makes /run ready, runs the command, and prints the
 * markers that say when it began and how it ended. Expects /proc, /sys and a tmpfs on /run.
 */
export function runScript(run: WorldRun, token: string): string {
  // First the folder of this very node, so that `#!/usr/bin/env node` finds the same one.
  const env = {
    PATH: `${dirname(process.execPath)}:${WORLD_PATH}`,
    HOME: '/root',
    CI: '1',
    TMPDIR: '/run/tmp',
    ...run.env,
  };
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [
    '#!/bin/sh',
    ...exports,
    'mkdir -p /run/netns /run/tmp',
    'ip link set lo up',
    `cd ${quote(run.cwd ?? process.cwd())} || exit 1`,
    `echo '${markOf(token)}begin'`,
    `${run.command.map(quote).join(' ')} </dev/null 2>&1`,
    `echo "${markOf(token)}end $?"`,
    '',
  ].join('\n');
}

/**
 * Without io_uring, where the kernel has it (6.6 and newer can go without): User Mode Linux 6.12 does not stand it, and
 * the libuv of Debian 13's nodejs uses it. For a world's own kernel only.
 */
export const NO_IO_URING = 'test ! -w /proc/sys/kernel/io_uring_disabled || echo 2 >/proc/sys/kernel/io_uring_disabled';

/** Loads the modules from `folder`/lib/modules (the machine's own if empty); ends the world if a required one is missing. */
export function modulesScript(folder: string, extra: readonly string[] = []): string[] {
  const where = folder === '' ? '' : `-d ${quote(folder)} `;
  return [
    `modprobe ${where}-aq ${[...extra, ...REQUIRED, ...WELCOME].join(' ')} 2>/dev/null`,
    `for m in ${REQUIRED.join(' ')}; do`,
    '  test -d /sys/module/$m || echo "the kernel has no $m"',
    'done',
  ];
}
