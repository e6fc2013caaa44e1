import type { Figures } from './figures.js';

/** The figures of one part as a table of Markdown. @param date of the run, as it is to stand there */
export function tableOf({ rows }: Figures, date: string): string {
  const lines = Object.entries(rows).map(([what, figure]) => `| ${what} | ${figure} |`);
  return [`| Run of ${date} | |`, '| --- | --- |', ...lines].join('\n');
}

/** Replaces what stands between the marks of a section. Throws when the document has no such marks. */
export function insert(document: string, section: string, table: string): string {
  const [begin, end] = [`<!-- figures: ${section} -->`, `<!-- end: ${section} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no place for the figures of ${section}`);
  return `${document.slice(0, from + begin.length)}\n\n${table}\n\n${document.slice(to)}`;
}
