import { parentPort, workerData } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

/* Compares one password with one bcrypt hash, and ends. */

const { password, hash } = workerData as { readonly password: string; readonly hash: string };
parentPort?.postMessage(compareSync(password, hash));
