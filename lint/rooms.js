// The rooms of src/ and what each may use: the tables behind the three rules of this folder. docs and design speak of the
// same rooms; a new room, package or exception is one line here.

import path from 'node:path';

/** Rooms on one line may not import each other; every room may import the lines above its own. */
const levels = [
  ['errors'],
  ['lru-map', 'shares'],
  ['addr'],
  ['tasks'],
  ['config'],
  ['frames'],
  ['kernel'],
  ['sources'],
  ['topology'],
  ['guests'],
  ['groups', 'standby'],
  ['state', 'plan', 'doctor'],
  ['metrics', 'control'],
  ['wire'],
  ['listen', 'host'],
  ['http'],
  ['daemon'],
  ['cli'],
];

/** Stands outside the order: it imports only these, and only these import it. */
const sys = {
  room: 'sys',
  imports: ['errors', 'addr'],
  importedBy: ['wire', 'listen', 'host', 'http', 'daemon', 'cli'],
};

/** Rooms that only some of the files above them may import. */
export const importedOnlyBy = new Map([['daemon', ['src/cli/run.ts', 'src/main.ts']]]);

/** src/main.ts: imports every room. */
const main = 'main';

/** Who may talk to the terminal and the process: process, console, node:readline. */
export const terminalRooms = new Set([sys.room, 'cli', main]);

/** Who may use sockets, files, timers, the clock and chance themselves. */
export const ambientRooms = new Set([sys.room]);

/** Built-ins that only compute, for every room. Every other one belongs to sys/. */
export const pureBuiltins = new Set(['assert', 'buffer', 'events', 'path', 'stream', 'string_decoder', 'url', 'util']);

/** Built-ins for those who may talk to the terminal. */
export const terminalBuiltins = new Set(['process', 'readline', 'tty']);

/** Which rooms may import a package; a package that is not here may not be imported by src/. */
export const packageRooms = new Map([
  ['bcryptjs', [sys.room]],
  ['koffi', [sys.room]],
  ['netlink', [sys.room]],
  ['pcap', [sys.room]],
  ['pino', [sys.room]],
  ['prom-client', ['metrics', 'http', 'daemon']],
  ['yargs', ['cli', main]],
  ['yaml', ['config']],
  ['zod', ['config', 'state', 'control']],
  ['fast-xml-parser', ['sources']],
]);

const levelOf = new Map(levels.flatMap((rooms, level) => rooms.map((room) => [room, level])));

/** The room of a file or import target, `undefined` outside src/. `src/errors.ts` is the room errors. */
export function roomOf(file, cwd) {
  const [top, ...rest] = path.relative(cwd, path.resolve(cwd, file)).split(path.sep);
  if (top !== 'src' || rest.length === 0) return undefined;
  return rest[0].replace(/\.[cm]?[jt]s$/, '');
}

export function isRoom(room) {
  return levelOf.has(room) || room === sys.room || room === main;
}

/** The rooms that `room` may import, itself aside, in order. */
export function importable(room) {
  if (room === sys.room) return sys.imports;
  const level = room === main ? levels.length : levelOf.get(room);
  const before = levels.slice(0, level).flat();
  return room === main || sys.importedBy.includes(room) ? [...before, sys.room] : before;
}

/** Rooms of one file. */
const files = new Set(['errors', 'lru-map', 'shares', main]);

export function list(names) {
  return names.map((name) => (files.has(name) ? `${name}.ts` : `${name}/`)).join(', ');
}
