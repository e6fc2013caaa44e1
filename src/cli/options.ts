import type { Options } from 'yargs';
import { CONFIG_FILE } from '../config/constants.js';
import { UsageError } from '../errors.js';

/** Each may be given once, with a value. */
const once = { type: 'string', nargs: 1 } as const satisfies Options;

/** The option of every command that reads the configuration. */
export const CONFIG_OPTION = {
  config: { ...once, describe: `the configuration file; by default ${CONFIG_FILE}, if it exists` },
} as const;

/** Options that count more than the file. */
export const OVERRIDE_OPTIONS = {
  ...CONFIG_OPTION,
  bond: { type: 'string', array: true, nargs: 1, describe: 'only this bond (repeatable)' },
  kinds: { ...once, describe: 'the frames to send: rarp, garp, na, separated by commas' },
  metrics: { ...once, describe: 'where to serve metrics, such as 127.0.0.1:9871; or off' },
} as const;

/** The options of `run`. */
export const RUN_OPTIONS = {
  ...OVERRIDE_OPTIONS,
  log: { ...once, describe: 'the log format: text (default) or json' },
} as const;

/** What `announce` can be narrowed to. */
export const ANNOUNCE_OPTIONS = {
  mac: { type: 'string', array: true, default: [] as string[], nargs: 1, describe: 'only this guest (repeatable)' },
  vlan: { ...once, describe: 'only this VLAN, 1 to 4094' },
  kinds: { ...once, describe: 'the frames to send: rarp, garp, na, separated by commas' },
  rounds: { ...once, describe: 'the number of rounds to send; 1 by default' },
  'dry-run': { type: 'boolean', default: false, describe: 'show the frames without sending them' },
} as const;

export const JSON_OPTION = { json: { type: 'boolean', default: false, describe: 'print one JSON document' } } as const;

export const WATCH_OPTION = {
  watch: { type: 'boolean', default: false, describe: 'refresh every second' },
} as const;

/** What `status` can write in place of its lines. */
export const HTML_OPTION = {
  html: { type: 'boolean', default: false, describe: 'write the status page, for a file or a browser' },
} as const;

/** The options of `watch`. */
export const CAPTURE_OPTIONS = {
  count: { ...once, describe: 'stop after this many frames' },
  json: { type: 'boolean', default: false, describe: 'print one JSON document a line' },
} as const;

/** Refuses options that were repeated though one value is all they take: yargs hands over a list. */
export function refuseRepeated(args: Readonly<Record<string, unknown>>): true {
  for (const name of ['config', 'count', 'kinds', 'log', 'metrics', 'rounds', 'vlan']) {
    if (Array.isArray(args[name])) throw new UsageError(`--${name}: may be given only once`);
  }
  return true;
}
