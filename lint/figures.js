// The figures of the house: how large its rooms, files and functions are, which files import each other in circles, and
// where one decision is taken in a second place. lint/house.js prints them and holds them to limits.

import path from 'node:path';
import ts from 'typescript';
import { importable, importedOnlyBy, isRoom, roomOf } from './rooms.js';
import { everyNode } from './sources.js';

/** Lines and share of each room, the largest first: { room, lines, share, files, mostFilesOnALevel }. */
export function rooms(sources) {
  const all = [...sources.values()];
  const total = sum(all);
  const byRoom = groupBy(all, ({ file }) => roomOf(file, '.'));
  const found = [...byRoom].map(([room, files]) => {
    const levels = groupBy(files, ({ file }) => path.dirname(file));
    const mostFilesOnALevel = Math.max(...[...levels.values()].map((level) => level.length));
    return { room, lines: sum(files), share: sum(files) / total, files: files.length, mostFilesOnALevel };
  });
  return found.sort((a, b) => b.lines - a.lines);
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const sum = (files) => files.reduce((lines, file) => lines + file.lines, 0);

/** How long files are: { total, median, longest: { file, lines } }. */
export function files(sources) {
  const sorted = [...sources.values()].sort((a, b) => a.lines - b.lines);
  return { total: sum(sorted), median: sorted[sorted.length >> 1]?.lines ?? 0, longest: sorted.at(-1) };
}

/** The longest function: { file, line, lines }; undefined where there is none. Counted as ESLint's max-lines-per-function. */
export function longestFunction(sources) {
  let longest;
  for (const { file, ast } of sources.values()) {
    everyNode(ast, (node) => {
      if (!ts.isFunctionLike(node) || !node.body) return;
      const [line, end] = [node.getStart(), node.getEnd()].map((at) => ast.getLineAndCharacterOfPosition(at).line + 1);
      const lines = end - line + 1;
      if (lines > (longest?.lines ?? 0)) longest = { file, line, lines };
    });
  }
  return longest;
}

/** Groups of files each of which imports all others of its group, directly or not; imports of types count (Tarjan). */
export function circles(sources) {
  const numbers = new Map();
  const lowest = new Map();
  const stack = [];
  const found = [];
  const visit = (file) => {
    numbers.set(file, numbers.size);
    lowest.set(file, numbers.get(file));
    stack.push(file);
    for (const { target } of sources.get(file).imports) {
      if (!sources.has(target)) continue;
      if (!numbers.has(target)) visit(target);
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file), lowest.get(target)));
    }
    if (lowest.get(file) !== numbers.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  };
  for (const file of sources.keys()) if (!numbers.has(file)) visit(file);
  return found;
}

/** Imports of a room that lint/rooms.js does not allow: lines `FILE imports FILE`. */
export function upwards(sources) {
  return [...sources.values()].flatMap(({ file, imports }) => {
    const from = roomOf(file, '.');
    if (!isRoom(from)) return [`${file} is in no room`];
    const isAllowed = (target) => {
      const to = roomOf(target, '.');
      const only = importedOnlyBy.get(to);
      return to === from || (importable(from).includes(to) && (!only || only.includes(file)));
    };
    return imports.filter(({ target }) => !isAllowed(target)).map(({ target }) => `${file} imports ${target}`);
  });
}

/** The one file that may know what the sign of an ifindex means. */
const SIGNS = new Set(['src/topology/bond-id.ts']);
const DEVICE = /^(?:ifindex|bond|slave|device|port)$|(?:Ifindex|Bond|Slave|Device|Port)$/;
const COMPARISONS = new Set([
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
]);

/** Comparisons of a device's number with 0: lines `FILE:LINE: CODE`. */
export function signTests(sources) {
  return where(sources, SIGNS, (node) => {
    if (!ts.isBinaryExpression(node) || !COMPARISONS.has(node.operatorToken.kind)) return false;
    const [name, other] = isZero(node.right) ? [node.left, node.right] : [node.right, node.left];
    return isZero(other) && DEVICE.test(nameOf(name));
  });
}

/** The one file that makes keys out of values, and may take them apart. */
const KEYS = new Set(['src/topology/keys.ts']);
const KEY = /^key$|Key$/;
const SPLITS = new Set(['split', 'startsWith', 'slice', 'substring', 'match']);

/** Keys that are taken apart again, outside the module that makes them: lines `FILE:LINE: CODE`. */
export function keySplits(sources) {
  return where(sources, KEYS, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
    const { expression, name } = node.expression;
    return SPLITS.has(name.text) && KEY.test(nameOf(expression));
  });
}

function where(sources, excepted, matches) {
  const found = [];
  for (const { file, ast } of sources.values()) {
    if (excepted.has(file)) continue;
    everyNode(ast, (node) => {
      if (!matches(node)) return;
      found.push(`${file}:${ast.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.getText()}`);
    });
  }
  return found;
}

const isZero = (node) => ts.isNumericLiteral(node) && Number(node.text) === 0;

/** The last name of `a.b.c` or `a?.b!`, '' for anything else. */
function nameOf(node) {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  return ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node) ? nameOf(node.expression) : '';
}
