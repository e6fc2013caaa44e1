import net from 'node:net';
import { chunks } from './chunks.js';

/** A conversation may take so long, in milliseconds: longer than any limit of the servers that are tried. */
const PATIENCE = 20_000;

/**
 * Says all bytes to a server, in pieces, and that there will be no more.
 * @returns what it said until it closed the connection
 * @throws Error when it does not
 */
export function converse(where: net.NetConnectOpts, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(where);
    const got: Buffer[] = [];
    const timer = setTimeout(() => reject(new Error(`no end of it within ${PATIENCE / 1000} s`)), PATIENCE);
    socket.on('connect', () => {
      let pieces = 0;
      for (const piece of chunks(bytes)) if (pieces++ < 8) socket.write(piece);
      if (pieces > 8) socket.write(bytes.subarray(Math.max(0, bytes.length - 8192)));
      socket.end();
    });
    socket.on('data', (some) => got.push(some));
    socket.on('error', () => undefined); // a server may close before it has heard all
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(got));
    });
  });
}
