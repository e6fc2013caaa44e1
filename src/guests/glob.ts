/**
 * The names that a glob stands for, as glob(7) has it: `*` any characters, `?` one, `[abc]`, `[a-z]` and `[!a-z]` one of
 * a set. A bracket that nothing closes stands for itself.
 */
export function globPattern(glob: string): RegExp {
  const pattern = glob.replaceAll(/\[(!?)(\]?[^\]]*)\]|[^]/gu, (token, not: string | undefined, set?: string) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    return set === undefined ? escape(token) : `[${not ? '^' : ''}${set.replaceAll(/[\\[\]^]/g, '\\$&')}]`;
  });
  return new RegExp(`^${pattern}$`, 'su');
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
