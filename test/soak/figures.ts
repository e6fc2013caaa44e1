/** What a soak has to tell: lines for docs/reliability.md, which main.ts takes from the output. */
export interface Figures {
  section: string;
  rows: Readonly<Record<string, string | number>>;
}

const HEAD = 'FIGURES ';

/** Tells them, once what they say has been asserted. */
export function figures(section: string, rows: Figures['rows']): void {
  console.log(HEAD + JSON.stringify({ section, rows }));
}

/** Those in the output of a test file. */
export function readFigures(output: string): Figures[] {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.filter((line) => line.startsWith(HEAD)).map((line) => JSON.parse(line.slice(HEAD.length)) as Figures);
}
