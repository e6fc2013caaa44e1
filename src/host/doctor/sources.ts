import type { Config } from '../../config/config.js';
import { PROXMOX_FOLDERS } from '../../config/constants.js';
import type { Facts, HiddenSource } from '../../doctor/facts.js';
import { SyscallError } from '../../errors.js';
import { FirstFolder } from '../../sys/files/first-folder.js';
import { openFolder } from '../../sys/files/watch-folder.js';
import { firstUnreadable } from '../../sys/process/process-facts.js';
import type { Topology } from '../../topology/topology.js';
import { signOfLibvirt, signOfOvs } from '../hidden-sources.js';
import type { Subject } from './subject.js';

/** As many files of a folder as the daemon reads, and as much of each. */
const LIMITS = { files: 4096, bytes: 1 << 20 };

/** Why the guests of libvirt and Proxmox VE cannot be read by the daemon; null: they can, there are none, or they are not wanted. */
export async function readSources(
  subject: Subject | null,
  { guests, paths }: Config,
  unread: (what: string) => void,
): Promise<Pick<Facts, 'libvirt' | 'proxmox'>> {
  const { sources } = guests;
  const read = async (wanted: boolean, folders: readonly string[], suffix: string): Promise<string | null> =>
    wanted && subject ? readableBy(subject, folders, suffix, unread) : null;
  return {
    libvirt: await read(sources.libvirt !== false, paths.libvirt, '.xml'),
    proxmox: await read(sources.proxmox !== false, Object.values(PROXMOX_FOLDERS), '.conf'),
  };
}

/** @returns null when all can be read, or nothing is there; else why one cannot */
async function readableBy(
  { process, isDaemon }: Subject,
  folders: readonly string[],
  suffix: string,
  unread: (what: string) => void,
): Promise<string | null> {
  if (!isDaemon) return tryToRead(folders, suffix);
  for (const folder of folders) {
    try {
      const file = await firstUnreadable(folder, suffix, process);
      if (file !== null) return `${file}: the daemon may not read it`;
    } catch {
      unread(folder);
    }
  }
  return null;
}

async function tryToRead(folders: readonly string[], suffix: string): Promise<string | null> {
  try {
    for (const folder of folders.map((each) => openFolder(each)))
      for (const { name } of (await folder.list(suffix, LIMITS.files)) ?? []) await folder.read(name, LIMITS.bytes);
    return null;
  } catch (error) {
    if (error instanceof SyscallError) return error.message;
    throw error;
  }
}

/** Which sources run here, and are not found in the folders of the configuration. */
export async function readHidden(config: Config, topology: Topology, ovs: Facts['ovs']): Promise<Facts['hidden']> {
  const { guests, paths } = config;
  const { sources } = guests;
  const seeks = async (
    folders: readonly string[],
    sign: () => Promise<string | null>,
  ): Promise<HiddenSource | null> => {
    const seen = await sign();
    return seen === null ? null : { sign: seen, folders };
  };
  const hasLibvirt =
    sources.libvirt === false ||
    (await new FirstFolder(paths.libvirt.map((each) => openFolder(each))).list('.xml', 0).catch(() => [])) !== null;
  return {
    ovs: ovs === null && sources.ovs !== false ? await seeks(paths.ovs, () => signOfOvs(topology)) : null,
    libvirt: hasLibvirt ? null : await seeks(paths.libvirt, signOfLibvirt),
  };
}
