// rooms/import-order: a room imports itself and the rooms before it; sys/ stands aside (see rooms.js).

import path from 'node:path';
import { everyImport, isRelative } from './imports.js';
import { importable, importedOnlyBy, isRoom, list, roomOf } from './rooms.js';

export const importOrder = {
  meta: {
    type: 'problem',
    docs: { description: 'a room imports only itself and the rooms before it' },
    schema: [],
    messages: {
      order:
        '{{from}} may not import {{to}}. It may import itself and: {{may}}. Move what both need into one of these, or take it as an argument.',
      sys: '{{from}} may not import sys/: only wire/, listen/, host/, http/, daemon/ and cli/ do. Take the time, the bytes or the interface as an argument.',
      only: 'only {{files}} may import {{to}}: a command that asks the host uses host/.',
      unknown:
        '{{room}} is no room: put the file into one of the design’s rooms, or name the new room in lint/rooms.js.',
      outside: 'src/ may not import {{name}}, which is outside it: move what is needed into a room.',
    },
  },

  create(context) {
    const from = roomOf(context.filename, context.cwd);
    if (from === undefined) return {};
    if (!isRoom(from)) {
      return { Program: (node) => context.report({ node, messageId: 'unknown', data: { room: list([from]) } }) };
    }
    const may = importable(from);
    const file = path.resolve(context.cwd, context.filename);

    return everyImport((node, name) => {
      if (name === undefined || !isRelative(name)) return;
      const target = path.resolve(path.dirname(file), name);
      const to = roomOf(target, context.cwd);
      if (to === undefined) return context.report({ node, messageId: 'outside', data: { name } });
      if (to === from) return;
      const files = importedOnlyBy.get(to);
      if (may.includes(to) && (!files || files.includes(path.relative(context.cwd, file)))) return;
      if (may.includes(to)) {
        const allowed = files.filter((each) => roomOf(each, context.cwd) === from).join(', ');
        return context.report({ node, messageId: 'only', data: { to: list([to]), files: allowed } });
      }
      if (!isRoom(to)) return context.report({ node, messageId: 'unknown', data: { room: list([to]) } });
      const messageId = to === 'sys' ? 'sys' : 'order';
      context.report({ node, messageId, data: { from: list([from]), to: list([to]), may: list(may) || 'nothing' } });
    });
  },
};
