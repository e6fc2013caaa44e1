import { webConfigProblems } from '../http/web-access.js';
import type { FileChecks } from '../config/file-checks.js';
import { ConfigError, UsageError } from '../errors.js';
import { answerFromProcess } from '../sys/process/child.js';
import { logArgument, plainRun } from './arguments.js';
import { loadConfig } from './config-file.js';
import { standardOutput } from './output.js';
import type { RunAnswer, RunArguments } from './run.js';

/* Reads the command line of `run` and its configuration in a process of its own: see run.ts. */

await answerFromProcess(async (argv): Promise<RunAnswer> => {
  let answer: RunAnswer = { order: null };
  const run = async (args: RunArguments): Promise<number> => {
    const log = logArgument(args.log);
    // Without the page, the daemon goes on and says what is wrong with that file.
    const webConfig: FileChecks['webConfig'] = (file, page) => (page === 'off' ? [] : webConfigProblems(file, page));
    const { config, settings } = await loadConfig(args, { webConfig });
    answer = { order: { config, settings, log } };
    return 0;
  };
  try {
    const plain = plainRun(argv);
    if (plain) await run(plain);
    else await (await import('./commands.js')).execute(argv, standardOutput, new AbortController().signal, run);
    return answer;
  } catch (error) {
    // The class of an error is lost on the way.
    if (error instanceof ConfigError) return { problems: error.problems };
    if (error instanceof UsageError) return { usage: error.message };
    throw error;
  }
});
