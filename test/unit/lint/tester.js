// ESLint's RuleTester on node:test, for files that pretend to lie in src/.

import { describe, it } from 'node:test';
import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';

RuleTester.describe = describe;
RuleTester.it = it;
RuleTester.itOnly = it.only;

const tester = new RuleTester({ files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } });

/** `valid`: [file, code] pairs; `invalid`: [file, code, messageId, data?]. The data pins what the message says. */
export function run(name, rule, { valid, invalid }) {
  tester.run(name, rule, {
    valid: valid.map(([filename, code]) => ({ filename, code })),
    invalid: invalid.map(([filename, code, messageId, data]) => ({
      filename,
      code,
      errors: [{ messageId, ...(data && { data }) }],
    })),
  });
}
