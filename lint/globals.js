// rooms/globals: the clock, chance, the network and the process are arguments; their globals are for sys/ (see rooms.js).

import { ambientRooms, roomOf, terminalRooms } from './rooms.js';

const clock = new Set(['performance', 'Temporal', 'queueMicrotask']);
for (const kind of ['Timeout', 'Interval', 'Immediate']) clock.add(`set${kind}`).add(`clear${kind}`);
const chance = new Set(['crypto']);
const network = new Set(['fetch', 'WebSocket', 'EventSource', 'BroadcastChannel']);
const terminal = new Set(['process', 'console']);
const roots = new Set(['globalThis', 'global']);

/** Of these globals only the named members are harmless. */
const harmless = { Date: new Set(['UTC', 'parse', 'prototype']) };
/** Of these globals only the named members are not. */
const harmful = {
  Math: { random: 'chance' },
  AbortSignal: { timeout: 'clock' },
  process: { hrtime: 'clock', uptime: 'clock', nextTick: 'clock' },
};

/** The name of the member that `node` is asked for; undefined if it is computed or the object is used whole. */
function member(node) {
  const { parent } = node;
  if (parent.type !== 'MemberExpression' || parent.object !== node) return undefined;
  if (!parent.computed) return parent.property.name;
  return parent.property.type === 'Literal' ? String(parent.property.value) : undefined;
}

function dateProblem(node) {
  const { parent } = node;
  if (parent.type === 'NewExpression' && parent.callee === node && parent.arguments.length > 0) return undefined;
  if (parent.type === 'BinaryExpression' && parent.operator === 'instanceof') return undefined;
  return harmless.Date.has(member(node)) ? undefined : 'clock';
}

/** What is wrong with the global `name` at `node`: a message id, or undefined. */
function problem(name, node, room) {
  if (name === 'Date') return dateProblem(node);
  if (terminal.has(name) && !terminalRooms.has(room)) return 'terminal';
  if (Object.hasOwn(harmful, name)) {
    const asked = member(node);
    if (asked !== undefined) return harmful[name][asked];
    return name === 'Math' ? 'chance' : undefined;
  }
  if (clock.has(name)) return 'clock';
  if (chance.has(name)) return 'chance';
  return network.has(name) ? 'network' : undefined;
}

function globalReferences(scope) {
  const declared = scope.variables.filter((variable) => variable.defs.length === 0);
  return [...declared.flatMap((variable) => variable.references), ...scope.through];
}

export const globals = {
  meta: {
    type: 'problem',
    docs: { description: 'the clock, chance, the network and the process are arguments outside sys/' },
    schema: [],
    messages: {
      clock: '{{text}} reads the clock or sets a timer: only src/sys/ may. Take the time or the clock as an argument.',
      chance: '{{text}} is chance: only src/sys/ may. Take the random number or its source as an argument.',
      network: '{{text}} opens a connection: only src/sys/ may. Take the interface from there as an argument.',
      terminal: '{{text}} is for main.ts, cli/ and sys/ only. Return an outcome, and let daemon/ log it.',
    },
  },

  create(context) {
    const room = roomOf(context.filename, context.cwd);
    if (room === undefined || ambientRooms.has(room)) return {};

    function check(name, node) {
      const messageId = problem(name, node, room);
      if (messageId === undefined) return;
      const asked = member(node);
      const text = asked === undefined || asked === 'constructor' ? name : `${name}.${asked}`;
      context.report({ node, messageId, data: { text } });
    }

    return {
      'Program:exit'(program) {
        const scope = context.sourceCode.getScope(program);
        for (const reference of globalReferences(scope)) {
          const { identifier: node } = reference;
          if (reference.isTypeReference || node.parent.type === 'TSTypeQuery') continue;
          const through = roots.has(node.name) ? member(node) : undefined;
          if (through === undefined) check(node.name, node);
          else check(through, node.parent);
        }
      },
    };
  },
};
