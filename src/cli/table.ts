/** Lines with their columns aligned, the first row the head; two blanks between columns, none at the ends. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((cells) => cells.map(printable));
  const widths: number[] = [];
  for (const cells of clean)
    cells.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return clean.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A text without the characters that command a terminal: names of devices and guests may hold them. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
