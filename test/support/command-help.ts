import { bondherald } from './program.js';

/** Every command by its words, with the options that its own help lists; `''` is the program itself. */
export async function commandOptions(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  const look = async (words: readonly string[]): Promise<void> => {
    const { stdout } = await bondherald([...words, '--help']);
    found.set(
      words.join(' '),
      new Set([...stdout.matchAll(/^ +(?:-h, )?(--[a-z-]+)/gm)].map(([, option = '']) => option)),
    );
    const below = new RegExp(`^ +bondherald ${words.map((word) => `${word} `).join('')}([a-z]+)`, 'gm');
    for (const [, word = ''] of stdout.matchAll(below)) await look([...words, word]);
  };
  await look([]);
  return found;
}
