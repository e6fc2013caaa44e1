/**
 * What the part of the demo inside the lab tells the part outside: one JSON object a line. Inside is measured, outside is
 * drawn. All times are in ms; an `at` of `sample` and `cut` counts from the
 * moment the run began, all others from the cut.
 */

/** A run without the daemon, or one with it. */
export type Kind = 'without' | 'with';

/** A guest as the far side should see it. */
export interface GuestInfo {
  name: string;
  mac: string;
  /** The VLANs its frames carry on the wire, outermost first. */
  vlans: number[];
}

/** A frame that came out of the hypervisor by the new link. */
export interface SeenFrame {
  /** Since the cut. */
  at: number;
  hex: string;
}

/** What one guest got. */
export interface GuestResult {
  name: string;
  /** A character a packet sent: 1 if it arrived, 0 if not. */
  arrived: string;
  outageMs: number;
  darkAtEnd: boolean;
}

/** All that a run measured. */
export interface RunResult {
  kind: Kind;
  /** When the packets were sent, since the cut; the same for every guest. */
  sentAt: number[];
  guests: GuestResult[];
  /** When the bond sent by the other slave, since the cut. */
  switchedAt: number;
  frames: SeenFrame[];
  /** The metrics as the daemon gave them out; null without a daemon. */
  metrics: string | null;
}

/** One line from the lab. */
export type DemoEvent =
  /** What is being done now; it may take seconds. */
  | { event: 'step'; text: string }
  /** A run begins: packets flow, nothing is cut yet. */
  | { event: 'run'; kind: Kind; guests: GuestInfo[]; hostMacs: string[] }
  /** How many packets were sent to each guest so far, and how many each got. */
  | { event: 'sample'; at: number; sent: number; received: number[] }
  /** The link was cut, and the bond has switched; told a little later, so that telling disturbs nothing. */
  | { event: 'cut'; at: number; switchedAt: number }
  | { event: 'result'; result: RunResult }
  | { event: 'failed'; message: string };

const HEAD = '{"event":';

/** An event as the line to print. */
export function eventLine(event: DemoEvent): string {
  // The head is what tells an event from anything else that a console prints, so `event` goes first.
  const { event: name, ...rest } = event;
  return JSON.stringify({ event: name, ...rest }) + '\n';
}

/** Puts pieces of output together to lines, and hands on what they hold. */
export class EventReader {
  /** The lines that were no events: of use only when something went wrong. */
  readonly noise: string[] = [];
  #pending = '';

  constructor(private readonly onEvent: (event: DemoEvent) => void) {}

  feed(text: string): void {
    const lines = (this.#pending + text).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    if (!line.startsWith(HEAD)) {
      if (line.trim() !== '') this.noise.push(line);
      return;
    }
    this.onEvent(JSON.parse(line) as DemoEvent);
  }
}
