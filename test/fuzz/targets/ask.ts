import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { decodeAnswer } from '../../../src/control/codec.js';
import { ControlMessageError, ControlSocketError } from '../../../src/errors.js';
import { askUnix } from '../../../src/sys/unix/unix-client.js';
import { chunks } from '../engine/chunks.js';
import { only, onlyAsync } from '../engine/only.js';
import { scratchFolder } from '../engine/scratch.js';
import { bytesOf, type Target } from '../engine/target.js';
import { JSON_TOKENS } from './request.js';

const LIMITS = { answerBytes: 4096, silentSeconds: 10 };

/** Whoever has made a socket where the daemon's should be. */
export const target = async (): Promise<Target> => {
  const folder = scratchFolder();
  const file = path.join(folder.path, 'control.sock');
  let says: Uint8Array = new Uint8Array(0);
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => undefined);
    for (const piece of chunks(says)) if (!socket.destroyed) socket.write(piece);
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  return {
    corpus: [
      '{"v":1,"result":{"version":"0.1.0"}}\n',
      '   {"v":1,"error":{"code":"USAGE","exitCode":2,"message":"no"}}\n',
    ].map(bytesOf),
    tokens: [...JSON_TOKENS, '      '],
    maxBytes: 12_000,
    run: async (bytes) => {
      says = bytes;
      const answer = await onlyAsync([ControlSocketError], () => askUnix(file, '{"v":1,"op":"status"}\n', LIMITS));
      if (!answer) return;
      assert.ok(answer.length <= bytes.length);
      only([ControlMessageError], () => decodeAnswer('status', answer));
    },
    close: () => {
      server.close();
      folder.remove();
    },
  };
};
