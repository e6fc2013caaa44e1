import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig, type LoadedConfig } from '../../../src/config/read-config.js';
import { Reloader, Settings } from '../../../src/daemon/settings.js';
import { ConfigError, ListenError } from '../../../src/errors.js';
import { FakeClock } from '../../support/fake-clock.js';
import { until } from '../../support/until.js';

const load = (text: string): LoadedConfig => readConfig({ name: 'F', bytes: Buffer.from(text) });

/** A daemon of which only the reloading is there. Its file is read when the test lets it. */
class World {
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly settings = new Settings(load(''));
  readonly reloader: Reloader;
  readonly stop = new AbortController();
  readonly run: Promise<void>;
  file = '';
  reads = 0;
  error: Error | null = null;
  /** What a reading waits for. */
  slow: Promise<void> = Promise.resolve();
  private pending = false;
  private wake = (): void => undefined;

  constructor() {
    const note =
      (level: string) =>
      (text: string, fields = {}) =>
        void this.lines.push([level, text, ...Object.values(fields)].join(' '));
    const log = { info: note('info'), warn: note('warn'), error: note('error') };
    const service = {
      reloading: () => void this.lines.push('RELOADING'),
      becomeReady: (text: string | null = null) => void this.lines.push(`READY ${text}`),
    };
    const hangups = {
      came: () => (this.pending ? Promise.resolve() : new Promise<void>((resolve) => (this.wake = resolve))),
      forget: () => void (this.pending = false),
    };
    const read = async (): Promise<LoadedConfig> => {
      this.reads++;
      const text = this.file;
      await this.slow;
      if (this.error) throw this.error;
      return load(text);
    };
    this.reloader = new Reloader(this.settings, { clock: this.clock, log, reloads: { hangups, read } }, service);
    this.run = this.reloader.run(this.stop.signal);
  }

  hangup(): void {
    this.pending = true;
    this.wake();
  }

  /** Lets time pass until the log has so many READYs, and takes the lines. */
  async told(reloads = 1): Promise<string[]> {
    await until(
      () => {
        this.clock.advance(0.05);
        return this.lines.filter((line) => line.startsWith('READY')).length >= reloads;
      },
      { what: 'the reload is over', every: 1 },
    );
    return this.lines.splice(0);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.run;
  }
}

test('a good file holds: parts follow what is theirs, all before anything is awaited, and the log has the keys', async () => {
  const world = new World();
  const followed: string[] = [];
  let done = (): void => undefined;
  world.settings.follow(
    ({ announce }) => announce.kinds,
    async (kinds) => {
      followed.push(kinds.join());
      await new Promise<void>((resolve) => (done = resolve));
    },
  );
  world.settings.follow(
    ({ guests }) => guests.remember,
    (seconds) => (followed.push(`${seconds}`), done()),
  );
  world.settings.follow(
    ({ bonds }) => bonds,
    () => void followed.push('never'),
  );
  world.reloader.begin();
  world.file = 'announce: {kinds: [na]}\nguests: {remember: 1h}\nstateDir: /x\n';
  world.hangup();
  assert.deepEqual(await world.told(), [
    'RELOADING',
    'info configuration reloaded announce.kinds: [rarp, garp, na, mcast] -> [na]; guests.remember: 24h -> 1h',
    'warn a changed setting takes effect at the next restart stateDir: /var/lib/bondherald -> /x',
    'READY null',
  ]);
  assert.deepEqual(followed, ['na', '3600']);
  assert.deepEqual(
    [world.settings.current.guests.remember, world.settings.current.stateDir],
    [3600, '/var/lib/bondherald'],
  );
  world.file = 'announce: {kinds: [na]}\nguests: {remember: 3600s}\n';
  world.hangup();
  assert.deepEqual((await world.told())[1], 'info configuration reloaded; nothing changed');
  assert.equal(followed.length, 2);
  await world.end();
});

test('a bad file changes nothing: a line for each problem, one that says so, and the service manager is told', async () => {
  const world = new World();
  world.reloader.begin();
  world.settings.follow((config) => config, assert.fail);
  world.error = new ConfigError('F:1: one', 'F:2: two');
  const before = world.settings.current;
  world.hangup();
  const refused = 'READY the last reload failed, the previous configuration is in use: see the log';
  assert.deepEqual(await world.told(), [
    'RELOADING',
    'error cannot reload the configuration F:1: one',
    'error cannot reload the configuration F:2: two',
    'warn keeping the current configuration',
    refused,
  ]);
  assert.equal(world.settings.current, before);
  world.error = new Error('spawn ENOMEM');
  world.hangup();
  assert.deepEqual((await world.told()).slice(1), [
    'error cannot reload the configuration internal error, please report it: spawn ENOMEM',
    'warn keeping the current configuration',
    refused,
  ]);
  await world.end();
});

test('a part that cannot follow is told of, the others follow, and it is tried again at the next reload', async () => {
  const world = new World();
  world.reloader.begin();
  let taken = true;
  const followed: unknown[] = [];
  world.settings.follow(
    ({ metrics }) => metrics.listen,
    (listen) => {
      if (taken) throw new ListenError('cannot listen');
      followed.push(listen);
    },
  );
  world.settings.follow(
    ({ bonds }) => bonds,
    (bonds) => void followed.push(bonds),
  );
  world.file = 'metrics: {listen: "127.0.0.1:1"}\nbonds: [b]\n';
  world.hangup();
  assert.deepEqual((await world.told()).slice(2), [
    'error cannot apply a changed setting cannot listen',
    'READY the last reload failed in part: see the log',
  ]);
  taken = false;
  world.hangup();
  assert.equal((await world.told()).at(-1), 'READY null');
  assert.deepEqual(followed, [['b'], [{ host: '127.0.0.1', port: 1 }]]);
  await world.end();
});

test('hangups that come together are one reading; one that comes during a reading has another follow it', async () => {
  const world = new World();
  world.reloader.begin();
  let finish = (): void => undefined;
  world.slow = new Promise((resolve) => (finish = resolve));
  for (let n = 0; n < 5; n++) world.hangup();
  await until(() => (world.clock.advance(0.05), world.reads === 1), { what: 'it reads', every: 1 });
  world.file = 'bonds: [late]\n';
  world.hangup();
  world.hangup();
  finish();
  await world.told(2);
  assert.deepEqual([world.reads, world.settings.current.bonds], [2, ['late']]);
  await world.end();
});

test('a hangup before the daemon is ready waits for that; told to end, it waits for no reading', async () => {
  const world = new World();
  world.hangup();
  for (let n = 0; n < 5; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.advance(1);
  }
  assert.deepEqual([world.reads, world.lines], [0, []]);
  world.slow = new Promise(() => undefined);
  world.reloader.begin();
  await until(() => (world.clock.advance(0.05), world.reads === 1), { what: 'it reads', every: 1 });
  await world.end();
});
