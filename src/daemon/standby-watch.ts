import { inState, type StandbyBond, vlanWords } from '../standby/report.js';
import { type Task, untilAborted } from '../tasks/task.js';
import type { Tools } from './surroundings.js';

/** How often it is looked what the links that are not active carry, in seconds. */
const INTERVAL = 5;

/** Says in the log which VLANs a link does not carry that guests use: one line a link whenever that changes. */
export class StandbyWatch implements Task {
  readonly name = 'standby-watch';
  readonly ready = Promise.resolve();
  /** What was said last, by bond and link. Bounded by the links of the host. */
  private said = new Map<string, string>();

  /** @param look called before: what became of links that could not be listened on is tried again */
  constructor(
    private readonly describe: () => readonly StandbyBond[],
    private readonly tools: Pick<Tools, 'clock' | 'log'>,
    private readonly look: () => void,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const stop = this.tools.clock.every(INTERVAL, () => {
      this.look();
      this.report();
    });
    await untilAborted(signal);
    stop();
  }

  private report(): void {
    const before = this.said;
    this.said = new Map();
    for (const { bond, activeSlave, links } of this.describe())
      for (const link of links) {
        const key = `${bond} ${link.link}`;
        const missing = inState(link, 'missing');
        const known = missing.length > 0 || inState(link, 'carried').length > 0;
        const words = known ? vlanWords(missing) : (before.get(key) ?? ''); // unknown for a while: nothing is news
        this.said.set(key, words);
        if (words === (before.get(key) ?? '')) continue;
        const { log } = this.tools;
        const fields = { bond, slave: link.link, active: activeSlave ?? 'none' };
        if (words === '')
          log.info('a link that is not active carries all VLANs of guests that it was heard of', fields);
        else log.warn('a link that is not active does not carry VLANs of guests', { ...fields, vlans: words });
      }
  }
}
