const HARMLESS = /^[\w.:@%+,/-]+$/;

/** A text as one word of a shell's command line: names of devices may hold characters that a shell acts on. */
export function shellWord(text: string): string {
  return HARMLESS.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
