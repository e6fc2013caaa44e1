import { checkWebConfig } from '../http/web-access.js';
import { ConfigError, UsageError } from '../errors.js';
import { answerFromProcess } from '../sys/process/child.js';
import { logArgument } from './arguments.js';
import { execute } from './commands.js';
import { loadConfig } from './config-file.js';
import { standardOutput } from './output.js';
import type { RunAnswer } from './run.js';

/* Reads the command line of `run` and its configuration in a process of its own: see run.ts. */

await answerFromProcess(async (argv): Promise<RunAnswer> => {
  let answer: RunAnswer = { order: null };
  try {
    await execute(argv, standardOutput, new AbortController().signal, async (args) => {
      const log = logArgument(args.log);
      const { config, settings } = await loadConfig(args);
      const { page, webConfig } = config.metrics;
      if (page === 'authenticated' && webConfig !== null) checkWebConfig(webConfig, page);
      answer = { order: { config, settings, log } };
      return 0;
    });
    return answer;
  } catch (error) {
    // The class of an error is lost on the way.
    if (error instanceof ConfigError) return { problems: error.problems };
    if (error instanceof UsageError) return { usage: error.message };
    throw error;
  }
});
