/** What the part of the benchmark inside the lab tells the part outside: one JSON object a line. */
import type { Machine, Results } from './results.js';

/** One line from the lab. */
export type BenchEvent =
  /** Where it is measured. */
  | { bench: 'machine'; machine: Machine }
  /** What is being measured now. */
  | { bench: 'step'; text: string }
  /** Here something begins or ends that is measured outside. */
  | { bench: 'mark'; name: string }
  /** A section is done: its key in the results, and what belongs there. */
  | { [Key in keyof Results]: { bench: 'result'; section: Key; result: Results[Key] } }[keyof Results]
  | { bench: 'failed'; message: string };

const HEAD = '{"bench":';

/** An event as the line to print. */
export function eventLine(event: BenchEvent): string {
  // The head is what tells an event from anything else that a console prints, so `bench` goes first.
  const { bench, ...rest } = event;
  return JSON.stringify({ bench, ...rest }) + '\n';
}

/** Puts pieces of output together to lines, and hands on what they hold. */
export class EventReader {
  /** The lines that were no events: of use only when something went wrong. */
  readonly noise: string[] = [];
  #pending = '';

  constructor(private readonly onEvent: (event: BenchEvent) => void) {}

  feed(text: string): void {
    const lines = (this.#pending + text).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(HEAD)) this.onEvent(JSON.parse(line) as BenchEvent);
      else if (line.trim() !== '') this.noise.push(line);
    }
  }
}
