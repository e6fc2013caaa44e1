import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Has the module at `url` compute one value in a process that goes afterwards, with all that it loaded. The process
 * shares our stdout and stderr.
 * @param words what the module gets as its command line
 * @returns the answer, as soon as it is there
 * @throws Error when the process cannot be started or ends without an answer
 */
export function askProcess<Answer>(url: URL, words: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(url), words, { execArgv: [], serialization: 'advanced' });
    child.on('message', (value) => resolve(value as Answer));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      reject(new Error(`a child process ended without an answer: ${signal ?? `exit status ${code}`}`)); // if none came
    });
  });
}

/** Answers `askProcess`, for the module that runs in such a process. @param answer gets the command line */
export async function answerFromProcess<Answer extends object>(
  answer: (words: readonly string[]) => Promise<Answer>,
): Promise<void> {
  process.on('SIGHUP', () => undefined); // what tells our parent to reload may reach us as well
  const value = await answer(process.argv.slice(2));
  process.send?.(value, () => process.disconnect());
}
