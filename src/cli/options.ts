import type { Options } from 'yargs';
import { CONFIG_FILE } from '../config/constants.js';

/** Each may be given once, with a value. */
const once = { type: 'string', nargs: 1 } as const satisfies Options;
const off = { type: 'boolean', default: false } as const satisfies Options;

/** Of every command that reads the configuration. */
const CONFIG_OPTION = {
  config: { ...once, describe: `the configuration file; by default ${CONFIG_FILE}, if it exists` },
} as const;

/** Options that count more than the file. */
const OVERRIDE_OPTIONS = {
  ...CONFIG_OPTION,
  bond: { type: 'string', array: true, nargs: 1, describe: 'only this bond (repeatable)' },
  kinds: { ...once, describe: 'the frames to send: rarp, garp, na, mcast, separated by commas' },
  metrics: { ...once, describe: 'where to serve metrics, such as 127.0.0.1:9871; or off' },
} as const;

const JSON_OPTION = { json: { ...off, describe: 'print one JSON document' } } as const;

export const RUN_OPTIONS = {
  ...OVERRIDE_OPTIONS,
  log: { ...once, describe: 'the log format: text (default) or json' },
} as const;

export const CONFIG_SHOW_OPTIONS = { ...OVERRIDE_OPTIONS, ...JSON_OPTION } as const;

export const DOCTOR_OPTIONS = { ...CONFIG_OPTION, ...JSON_OPTION } as const;

export const ANNOUNCE_OPTIONS = {
  mac: { type: 'string', array: true, default: [] as string[], nargs: 1, describe: 'only this guest (repeatable)' },
  vlan: { ...once, describe: 'only this VLAN, 1 to 4094' },
  kinds: { ...once, describe: 'the frames to send: rarp, garp, na, mcast, separated by commas' },
  rounds: { ...once, describe: 'the number of rounds to send; 1 by default' },
  'dry-run': { ...off, describe: 'show the frames without sending them' },
  ...DOCTOR_OPTIONS,
} as const;

export const GUESTS_OPTIONS = { ...DOCTOR_OPTIONS, watch: { ...off, describe: 'refresh every second' } } as const;

export const STATUS_OPTIONS = {
  ...GUESTS_OPTIONS,
  html: { ...off, describe: 'write the status page, for a file or a browser' },
} as const;

export const STANDBY_OPTIONS = DOCTOR_OPTIONS;

export const WATCH_OPTIONS = {
  count: { ...once, describe: 'stop after this many frames' },
  json: { ...off, describe: 'print one JSON document a line' },
  ...CONFIG_OPTION,
} as const;

/** A command, by its words. */
interface Command {
  readonly options: Readonly<Record<string, Options>>;
  /** How many words may follow the command. */
  readonly most: number;
  /** The first of them is the name of a bond, which must be there. */
  readonly needsBond?: true;
}

/** Every command that does something. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  run: { options: RUN_OPTIONS, most: 0 },
  announce: { options: ANNOUNCE_OPTIONS, most: 1, needsBond: true },
  guests: { options: GUESTS_OPTIONS, most: 1 },
  status: { options: STATUS_OPTIONS, most: 0 },
  doctor: { options: DOCTOR_OPTIONS, most: 0 },
  standby: { options: STANDBY_OPTIONS, most: 1 },
  watch: { options: WATCH_OPTIONS, most: Infinity, needsBond: true },
  cleanup: { options: {}, most: 0 },
  'config check': { options: {}, most: 1 },
  'config show': { options: CONFIG_SHOW_OPTIONS, most: 0 },
};
