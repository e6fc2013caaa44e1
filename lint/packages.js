// rooms/packages: which room may import which package and which of Node's built-ins (see rooms.js).

import { isBuiltin } from 'node:module';
import { everyImport, isRelative } from './imports.js';
import { ambientRooms, list, packageRooms, pureBuiltins, roomOf, terminalBuiltins, terminalRooms } from './rooms.js';

function baseName(name) {
  const parts = name.replace(/^node:/, '').split('/');
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

function builtinProblem(name, room) {
  if (pureBuiltins.has(name) || ambientRooms.has(room)) return undefined;
  if (!terminalBuiltins.has(name)) return { messageId: 'builtin', data: { name } };
  return terminalRooms.has(room) ? undefined : { messageId: 'terminal', data: { name } };
}

function packageProblem(name, room) {
  const rooms = packageRooms.get(name);
  if (rooms === undefined) return { messageId: 'unlisted', data: { name } };
  return rooms.includes(room) ? undefined : { messageId: 'package', data: { name, rooms: list(rooms) } };
}

export const packages = {
  meta: {
    type: 'problem',
    docs: { description: 'each package and each built-in that does I/O belongs to its room' },
    schema: [],
    messages: {
      builtin:
        'node:{{name}} may be imported in src/sys/ only. Put the call behind an interface there and take that as an argument.',
      terminal: 'node:{{name}} may be imported in main.ts, cli/ and sys/ only. Return what is to be shown instead.',
      package: '{{name}} may be imported in {{rooms}} only. Use what that room offers, or take it as an argument.',
      unlisted: '{{name}} belongs to no room: say in lint/rooms.js which rooms may import it, or do without it.',
      computed: 'A computed import hides what is imported: write the name as a string, or load it in sys/.',
    },
  },

  create(context) {
    const room = roomOf(context.filename, context.cwd);
    if (room === undefined) return {};
    return everyImport((node, name) => {
      if (name === undefined) return ambientRooms.has(room) || context.report({ node, messageId: 'computed' });
      if (isRelative(name)) return;
      const base = baseName(name);
      const problem = isBuiltin(name) ? builtinProblem(base, room) : packageProblem(base, room);
      if (problem) context.report({ node, ...problem });
    });
  },
};
