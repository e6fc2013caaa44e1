import fs from 'node:fs';

/**
 * Lets a group use a file that we own.
 * @param group its name in /etc/group (group(5)): other databases may be out of reach, or slow, when a daemon starts
 * @returns null, or why that cannot be: a symbolic errno, or `no-group`
 */
export function shareWithGroup(file: string, group: string, groupFile = '/etc/group'): string | null {
  try {
    const gid = groupId(group, groupFile);
    if (gid === null) return 'no-group';
    if (fs.lstatSync(file).gid === gid) return null; // a sandbox may forbid chown, also where it changes nothing
    fs.lchownSync(file, -1, gid); // who owns a file may give it to a group of his own without any capability
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}

function groupId(group: string, groupFile: string): number | null {
  for (const line of fs.readFileSync(groupFile, 'utf8').split('\n')) {
    const [name, , id = ''] = line.split(':');
    if (name === group && /^\d+$/.test(id)) return Number(id);
  }
  return null;
}
