import { VERSION } from '../sys/program.js';
import { Events } from '../tasks/events.js';
import { runTasks } from '../tasks/task.js';
import { servedBonds } from '../topology/bonds.js';
import type { DaemonEvents } from '../wire/events.js';
import { connect, followSettings } from './connect.js';
import type { Settings } from './settings.js';
import type { Surroundings } from './surroundings.js';
import { announcedGuests } from './outlets.js';
import { buildParts, type Parts } from './parts.js';

/** A packet socket bound to no device. */
const ANY_DEVICE = 0;

/** The daemon: it is built, connected by its events, then run. docs/architecture.md shows its threads and paths. */
export class Daemon {
  private constructor(
    private readonly settings: Settings,
    private readonly around: Surroundings,
    private readonly parts: Parts,
  ) {}

  /** Makes all parts, and connects them. No I/O: that begins with `run`. */
  static build(settings: Settings, around: Surroundings): Daemon {
    const events = new Events<DaemonEvents>();
    const parts = buildParts(settings, around, events);
    connect(events, parts);
    followSettings(settings, { ...parts, refresh: () => events.emit('hostChanged') });
    return new Daemon(settings, around, parts);
  }

  /**
   * Runs until `signal` aborts. The control socket is bound before all that two daemons would quarrel about, and given
   * back when all else has ended.
   * @throws AlreadyRunningError when another daemon runs; BondheraldError when a part cannot go on
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log, controlSocket, openPacketSender } = this.around;
    const { control, announcements, refreshes, tasks } = this.parts;
    await control.listen(controlSocket);
    try {
      openPacketSender(ANY_DEVICE).close(); // so that missing rights show now, not at the failover
      control.share(controlSocket);
      log.info('starting', { version: VERSION });
      await runTasks(tasks, signal, () => void this.becomeReady(signal)).finally(() => {
        refreshes.stop();
        announcements.stop();
      });
    } finally {
      control.close();
    }
    log.info('stopped');
  }

  /** Says that the daemon is watching, and which bonds of the configuration are not there. */
  private async becomeReady(signal: AbortSignal): Promise<void> {
    const { snooper, refreshes, service, reloader, host, bonds } = this.parts;
    void this.around.endOtherThreads();
    await snooper.task?.listening();
    if (signal.aborted) return;
    const { log } = this.around;
    const wanted = this.settings.current.bonds;
    const names = new Set(servedBonds(host.topology).map(({ name }) => name));
    for (const bond of wanted === 'auto' ? [] : wanted) {
      if (!names.has(bond))
        log.warn('waiting for a configured bond: it does not exist, or its guests do not move', { bond });
    }
    if (wanted === 'auto' && bonds.size === 0) log.warn('no active-backup bond found; waiting for one');
    log.info('ready', { bonds: bonds.size, guests: announcedGuests(bonds) });
    refreshes.begin();
    service.becomeReady();
    reloader.begin();
  }
}
