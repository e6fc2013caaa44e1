import { nearest } from '../config/nearest.js';
import { shortLine } from '../config/problems.js';
import { UsageError } from '../errors.js';
import { COMMANDS } from './options.js';

/** An option as it was typed. */
interface Typed {
  /** With its dashes. */
  readonly word: string;
  readonly name: string;
  /** What was given with `=`. */
  readonly value: string | undefined;
  readonly next: string | undefined;
}

/** Options of all. */
const OF_ALL = ['help', 'version'];

/** The options of all commands: none means one thing here and another there. */
const OPTIONS = new Map(Object.values(COMMANDS).flatMap(({ options }) => Object.entries(options)));

const takesValue = (name: string): boolean => OPTIONS.get(name)?.type === 'string';

/**
 * Looks through a command line before it is parsed, and refuses what the parser would pass over or complain of in its own
 * words: a word that is no command, an option that the command does not have, a value where none belongs.
 * @param argv without the program's own name
 * @returns what is to be parsed: where a bond is missing with an empty name, so that the command says which there are
 * @throws UsageError
 */
export function checkWords(argv: readonly string[]): readonly string[] {
  const { words, options } = readWords(argv);
  if (words[0] === 'help' || options.some(({ name }) => name === 'h' || OF_ALL.includes(name))) return argv;
  const name = commandOf(words);
  const command = COMMANDS[name];
  const known = [...Object.keys(command?.options ?? {}), ...OF_ALL];
  for (const option of options) checkOption(option, name, known);
  for (const [n, { word, name: option }] of options.entries()) {
    const isRepeated = options.findIndex((each) => each.name === option) < n;
    if (isRepeated && !OPTIONS.get(option)?.array) throw new UsageError(`${word}: may be given only once`);
  }
  if (!command) return argv; // no command, or one without the word that follows it: the parser asks for it
  const arguments_ = words.slice(name.split(' ').length);
  const extra = arguments_[command.most];
  if (extra !== undefined)
    throw new UsageError(`${shown(extra)}: one argument too many; see bondherald ${name} --help`);
  return command.needsBond && arguments_.length === 0 ? [...argv, ''] : argv;
}

function readWords(argv: readonly string[]): { readonly words: readonly string[]; readonly options: readonly Typed[] } {
  const words: string[] = [];
  const options: Typed[] = [];
  for (let n = 0; n < argv.length; n++) {
    const text = argv[n] ?? '';
    if (text === '--') return { words: [...words, ...argv.slice(n + 1)], options };
    const [, word, name, value] = /^(--?([^=-][^=]*))(?:=(.*))?$/s.exec(text) ?? [];
    if (word === undefined || name === undefined) words.push(text);
    else {
      options.push({ word, name, value, next: argv[n + 1] });
      if (value === undefined && takesValue(name)) n++;
    }
  }
  return { words, options };
}

/** The name of the command; '' when there is none yet. @throws UsageError when it is unknown */
function commandOf([first, second]: readonly string[]): string {
  if (first === undefined) return '';
  const names = Object.keys(COMMANDS);
  const isHalf = names.some((name) => name.startsWith(`${first} `));
  const typed = isHalf && second !== undefined ? `${first} ${second}` : first;
  if (names.includes(typed) || (typed === first && isHalf)) return typed;
  const likely = names.filter((name) => !isHalf || name.startsWith(`${first} `));
  throw new UsageError(`${shown(typed)}: unknown command; ${hint(typed, likely)}`);
}

function checkOption({ word, name, value, next }: Typed, command: string, known: readonly string[]): void {
  if (!known.includes(name) || !word.startsWith('--')) {
    // `-j` and `--dry` are the beginning of one; of several that begin so, who knows.
    const begun = known.filter((each) => each.startsWith(name));
    const way = hint(name, known, begun.length === 1 ? begun[0] : undefined, '--');
    throw new UsageError(`${shown(word)}: unknown option${command && ` of ${command}`}; ${way}`);
  }
  if (!takesValue(name)) {
    const given = value ?? (next === 'true' || next === 'false' ? next : undefined);
    if (given !== undefined) throw new UsageError(`${word}: takes no value; leave out ${shown(given) || '='}`);
  } else if (value === undefined && (next === undefined || /^-\D/.test(next))) {
    throw new UsageError(`${word}: needs a value; see bondherald ${command} --help`);
  }
}

/** What to type instead. */
function hint(typed: string, words: readonly string[], likely = nearest(typed, words), dashes = ''): string {
  if (likely !== undefined) return `did you mean ${dashes}${likely}?`;
  return `expected ${words.map((word) => `${dashes}${word}`).join(', ')}`;
}

const shown = (word: string): string => shortLine(word, 60);
