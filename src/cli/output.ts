/** Where a command's words go. With `--json`, stdout carries one document and nothing else. */
export interface Output {
  text(text: string): void;
  json(document: unknown): void;
  /** One line for people, to stderr. */
  error(line: string): void;
}

export const standardOutput: Output = {
  text: (text) => void process.stdout.write(`${text}\n`),
  json: (document) => void process.stdout.write(`${JSON.stringify(document, null, 2)}\n`),
  error: (line) => void process.stderr.write(`bondherald: ${line}\n`),
};
