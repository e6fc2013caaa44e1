#!/usr/bin/env node
// Prints the figures of src/ and ends with 1 where one is beyond its limit: `node lint/house.js`, a part of `make lint`.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as figures from './figures.js';
import { readSources } from './sources.js';
import { unusedExports } from './unused-exports.js';

/** What each figure may be at most. */
const LIMITS = { total: 37_000, share: 0.12, filesOnALevel: 40, median: 120, file: 400, function: 60 };

/**
 * Measures a tree.
 * @param root the folder with src/ and test/ in it
 * @param limits in place of the usual ones
 * @returns { report, problems }, lines each
 */
export function measure(root, limits = LIMITS) {
  const src = readSources(root, 'src');
  const rooms = figures.rooms(src);
  const { total, median, longest } = figures.files(src);
  const longestFunction = figures.longestFunction(src);
  const lists = {
    'circle of files': figures.circles(src).map((files) => files.join(', ')),
    'import upwards': figures.upwards(src),
    'sign test of an ifindex outside topology/bond-id.ts': figures.signTests(src),
    'key taken apart outside topology/keys.ts': figures.keySplits(src),
    'export that nobody imports': unusedExports(src, readSources(root, 'test')),
  };
  const report = [
    ...rooms.map(roomLine),
    `src: ${total} lines, files ${median} in the median, ${longest?.lines} the longest (${longest?.file})`,
    `longest function: ${longestFunction?.lines} lines, ${longestFunction?.file}:${longestFunction?.line}`,
    ...Object.entries(lists).map(([what, found]) => `${what}: ${found.length}`),
  ];
  const problems = [];
  const hold = (what, value, most) => value > most && problems.push(`${what}: ${value}, at most ${most}`);
  for (const { room, share, mostFilesOnALevel } of rooms) {
    hold(`${room}: % of src`, Number((share * 100).toFixed(1)), limits.share * 100);
    hold(`${room}: files on one level`, mostFilesOnALevel, limits.filesOnALevel);
  }
  hold('src: lines', total, limits.total);
  hold('src: median lines of a file', median, limits.median);
  hold(`${longest?.file}: lines`, longest?.lines, limits.file);
  hold(
    `${longestFunction?.file}:${longestFunction?.line}: lines of a function`,
    longestFunction?.lines,
    limits.function,
  );
  for (const [what, found] of Object.entries(lists)) problems.push(...found.map((each) => `${what}: ${each}`));
  return { report, problems };
}

function roomLine({ room, lines, share, files, mostFilesOnALevel }) {
  const percent = `${(share * 100).toFixed(1)} %`;
  return `${room.padEnd(10)} ${String(lines).padStart(6)} lines ${percent.padStart(7)} ${String(files).padStart(4)} files, ${mostFilesOnALevel} on one level`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { report, problems } = measure(path.join(import.meta.dirname, '..'));
  for (const line of report) console.log(line);
  for (const line of problems) console.error(`house: ${line}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
