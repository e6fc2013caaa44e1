import type { Sample } from './draw/time-line.js';
import type { DemoEvent, GuestInfo, Kind, RunResult } from './events.js';
import { BEFORE_MS } from './window.js';

/** A run as far as it is known. */
export interface RunView {
  kind: Kind;
  guests: readonly GuestInfo[];
  hostMacs: readonly string[];
  /** What arrived, a list a guest; rough while the run goes on, exact when it is over. */
  samples: Sample[][];
  /** Whether the cut was reported. */
  cut: boolean;
  /** When it came, in ms since the run began; until it is reported it is assumed to be on time. */
  cutAt: number;
  switchedAt: number | null;
  result: RunResult | null;
}

/** All that the lab has told so far. */
export interface Story {
  step: string;
  runs: readonly RunView[];
  failure: string | null;
}

export const BEGINNING: Story = { step: '', runs: [], failure: null };

/** The story with one more event. */
export function tell(story: Story, event: DemoEvent): Story {
  switch (event.event) {
    case 'step':
      return { ...story, step: event.text };
    case 'failed':
      return { ...story, failure: event.message };
    case 'run':
      return { ...story, runs: [...story.runs, newRun(event)] };
    case 'sample':
    case 'cut':
    case 'result': {
      const run = story.runs.at(-1);
      if (run === undefined) return story;
      return { ...story, runs: [...story.runs.slice(0, -1), goOn(run, event)] };
    }
  }
}

function newRun({ kind, guests, hostMacs }: DemoEvent & { event: 'run' }): RunView {
  return {
    kind,
    guests,
    hostMacs,
    samples: guests.map(() => []),
    cut: false,
    cutAt: BEFORE_MS,
    switchedAt: null,
    result: null,
  };
}

function goOn(run: RunView, event: DemoEvent & { event: 'sample' | 'cut' | 'result' }): RunView {
  if (event.event === 'sample') return { ...run, samples: addSample(run, event) };
  if (event.event === 'result') {
    const { result } = event;
    return { ...run, samples: exactSamples(result), cut: true, switchedAt: result.switchedAt, result };
  }
  const late = event.at - run.cutAt;
  const samples = run.samples.map((list) => list.map((sample) => ({ ...sample, at: sample.at - late })));
  return { ...run, samples, cut: true, cutAt: event.at, switchedAt: event.switchedAt };
}

function addSample(run: RunView, event: DemoEvent & { event: 'sample' }): Sample[][] {
  return run.samples.map((list, index) => {
    const sent = event.sent - sum(list, 'sent');
    const arrived = (event.received[index] ?? 0) - sum(list, 'arrived');
    return [...list, { at: event.at - run.cutAt, sent, arrived }];
  });
}

function exactSamples({ sentAt, guests }: RunResult): Sample[][] {
  return guests.map(({ arrived }) => sentAt.map((at, seq) => ({ at, sent: 1, arrived: arrived[seq] === '1' ? 1 : 0 })));
}

function sum(list: readonly Sample[], key: 'sent' | 'arrived'): number {
  return list.reduce((total, sample) => total + sample[key], 0);
}
