import { frameLines } from './draw/frames.js';
import { glyphs, paint, type Look } from './draw/look.js';
import { metricLines } from './draw/metrics.js';
import { closeUp, runPanel } from './draw/run-panel.js';
import { topology } from './draw/topology.js';
import type { DemoEvent } from './events.js';
import { faultOf, judge, type Verdict } from './judge.js';
import type { Screen } from './screen.js';
import { BEGINNING, tell, type RunView, type Story } from './story.js';

/** Between two spokes of the wheel that turns while something takes long, in ms. */
const SPIN_MS = 100;

/** Draws the story as it is told. Time comes as an argument: ms since the demo began. */
export class Show {
  #story: Story = BEGINNING;
  #stepSince = 0;

  /** `look` is asked for each time, because a terminal's width can change. */
  constructor(
    private readonly screen: Screen,
    private readonly look: () => Look,
    private readonly redraws: boolean,
  ) {}

  /** The heading and the picture of the topology. */
  open(): void {
    const look = this.look();
    const title = paint(look, 'bold', 'bondherald: the same failover twice, on a real Linux bond');
    this.screen.keep(['', title, '', ...topology(look), '']);
  }

  /** Takes one event and shows what changed. */
  take(event: DemoEvent, now: number): void {
    this.#story = tell(this.#story, event);
    const run = this.#story.runs.at(-1);
    if (event.event === 'step') {
      this.#stepSince = now;
      if (!this.redraws) this.screen.keep([`... ${event.text}`]);
    }
    if (event.event === 'result' && run !== undefined) this.screen.keep(this.#wholeRun(run));
    this.draw(now);
  }

  /** Draws what changes: the wheel, and the run that is going on. */
  draw(now: number): void {
    const look = this.look();
    const run = this.#story.runs.at(-1);
    if (run !== undefined && run.result === null) {
      this.screen.live(runPanel(run, look));
      return;
    }
    const { spinner } = glyphs(look);
    const wheel = spinner[Math.floor(now / SPIN_MS) % spinner.length] ?? '';
    const seconds = ((now - this.#stepSince) / 1000).toFixed(0);
    this.screen.live([`${paint(look, 'cyan', wheel)} ${this.#story.step} (${seconds} s)`]);
  }

  /** Writes the last line; `problem` says why the lab did not do its part, if it did not. */
  close(problem: string | null): Verdict {
    const look = this.look();
    const why = this.#story.failure ?? problem;
    const verdict = why === null ? judge(this.#story.runs) : { ok: false, line: `failed: ${oneLine(why)}` };
    this.screen.close();
    this.screen.keep([paint(look, verdict.ok ? 'bold' : 'red', verdict.line)]);
    return verdict;
  }

  #wholeRun(run: RunView): string[] {
    const look = this.look();
    if (run.result === null) return [];
    const { metrics } = run.result;
    return [
      ...runPanel(run, look),
      '',
      ...(run.kind === 'with' ? [...closeUp(run, look), ''] : []),
      ...frameLines(run.result, (frame) => faultOf(frame, run), look),
      '',
      ...(metrics === null ? [] : [...metricLines(metrics, look), '']),
    ];
  }
}

/** A message of several lines, such as one with a program's stderr, as one. */
function oneLine(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))].join(' | ');
}
