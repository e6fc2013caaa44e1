import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandOptions } from '../../support/command-help.js';
import { ROOT } from '../../support/program.js';

const pathOf = (name: string): string => fileURLToPath(new URL(`packaging/completion/${name}`, ROOT));
const run = (shell: string, ...args: string[]): string => execFileSync(shell, args, { encoding: 'utf8' });

/** What bash offers when TAB is pressed at the end of these words, the last of which may be begun only. */
function bash(...words: string[]): string[] {
  const script =
    'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bondherald; printf "%s\\n" "${COMPREPLY[@]}"';
  return run('bash', '-uc', script, 'bash', pathOf('bondherald.bash'), 'bondherald', ...words)
    .trim()
    .split(/\s+/);
}

/**
 * What the completion for zsh tells zsh's `_arguments` last, for these words: a stand-in takes its place, which writes
 * down what it is given and steps into the next word where a state is asked for, as the real one does.
 */
function zsh(...words: string[]): string {
  const script = `
    _arguments() {
      print -r -- "CALL"; print -rl -- "$@"
      [[ "$*" == *'->arguments'* ]] || return 0
      words=("\${(@)words[2,-1]}"); return 1
    }
    file=$1; shift; words=(bondherald "$@"); source $file`;
  return (
    run('zsh', '-fc', script, 'zsh', pathOf('_bondherald'), ...words)
      .split('CALL\n')
      .at(-1) ?? ''
  );
}

test('bash and zsh offer every option of every command, and no other', async () => {
  for (const [command, options] of await commandOptions()) {
    const words = command === '' ? [] : command.split(' ');
    const wanted = [...options].sort();
    assert.deepEqual(bash(...words, '--').sort(), wanted, `bash: ${command}`);
    const offered = [...zsh(...words, '').matchAll(/^\*?(--[a-z-]+)\[/gm)].map(([, option = '']) => option);
    assert.deepEqual([...new Set(offered)].sort(), wanted, `zsh: ${command}`);
  }
});

test('bash and zsh offer every command, and no other', async () => {
  const commands = [...(await commandOptions()).keys()].filter((name) => name !== '');
  const top = commands.filter((name) => !name.includes(' ')).sort();
  const below = commands.flatMap((name) => (name.startsWith('config ') ? [name.slice(7)] : [])).sort();
  assert.deepEqual(
    bash('')
      .filter((word) => !word.startsWith('-'))
      .sort(),
    top,
  );
  assert.deepEqual(
    bash('config', '')
      .filter((word) => !word.startsWith('-'))
      .sort(),
    below,
  );
  const inZsh = [...zsh('').matchAll(/([a-z]+)\\:"/g)].map(([, name = '']) => name);
  assert.deepEqual(inZsh.sort(), top);
  assert.match(zsh('config', ''), new RegExp(`\\(${below.join(' ')}\\)`));
});

test('bash offers kinds, and files where a file is wanted', () => {
  assert.deepEqual(bash('run', '--kinds', 'ra').sort(), ['rarp', 'rarp,garp', 'rarp,garp,na']);
  assert.ok(bash('config', 'check', pathOf('_')).includes(pathOf('_bondherald')));
  assert.ok(bash('run', '--config', pathOf('_')).includes(pathOf('_bondherald')));
});
