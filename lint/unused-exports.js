// Exports of src/ that no other file of src/ or test/ uses: the word `export` there is too much, or the code is dead.

/**
 * @param src the sources that are looked at, from `readSources`
 * @param others more sources whose imports count, such as the tests
 * @returns lines `FILE: NAME`
 */
export function unusedExports(src, others) {
  const used = new Set();
  const all = [...src.values(), ...others.values()];
  for (const { text, imports } of all) {
    for (const { target, names } of imports) {
      const exported = src.get(target)?.exports ?? [];
      // Of an import of everything, what the importer's text has the word of.
      const taken = names ?? exported.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
      for (const name of taken) used.add(`${target}: ${name}`);
    }
  }
  const lines = [...src.values()].flatMap(({ file, exports }) => exports.map((name) => `${file}: ${name}`));
  return lines.filter((line) => !used.has(line));
}
