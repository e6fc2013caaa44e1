import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  Parser,
  type YAMLMap,
} from 'yaml';
import { type Path, shortLine, valueText } from './problems.js';

/** More than 1,000 static guests take; a file beyond it is something else. */
export const MAX_FILE_BYTES = 256 * 1024;

/** The schema needs six levels. The library's composer calls itself once a level, and may exhaust the stack. */
const MAX_DEPTH = 32;

/** So does its parser, of which one level may be several; far from where it fails, and beyond what is taken. */
const MAX_PARSER_DEPTH = 8 * MAX_DEPTH;

/** What is wrong with a text may quote it: so much of that is told. */
const TOLD = 300;

/** What is wrong with the text itself. */
export interface TextProblem {
  readonly line: number;
  readonly text: string;
}

/** A file's values, and where they stand. */
export interface YamlFile {
  /** Null for an empty file. */
  readonly raw: unknown;
  readonly problems: readonly TextProblem[];
  /** The line of a value, or of the nearest section around it, from 1. */
  lineOf(path: Path): number;
}

/** Reads one YAML document (1.2, core schema). Aliases, tags and keys that are no plain words are problems. */
export function readYaml(text: string): YamlFile {
  const counter = new LineCounter();
  const { tokens, deep } = parse(text, counter);
  if (deep !== null) {
    const problem = { line: counter.linePos(deep).line, text: `nested more than ${MAX_DEPTH} levels deep` };
    return { raw: null, problems: [problem], lineOf: () => 1 };
  }
  const composer = new Composer({ schema: 'core', uniqueKeys: false });
  const [document, another] = [...composer.compose(tokens, true, text.length)];
  const reader = new Reader(counter);
  const raw = document ? reader.read(document) : null;
  if (another) reader.complain(another.range[0], 'a second document starts here; only one is allowed');
  return { raw, problems: reader.problems, lineOf: (path) => reader.lineOf(path) };
}

/** @returns what the text is made of, and where it is nested too deep; null for nowhere */
function parse(text: string, counter: LineCounter): { tokens: readonly CST.Token[]; deep: number | null } {
  const parser = new Parser(counter.addNewLine);
  const tokens: CST.Token[] = [];
  counter.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_PARSER_DEPTH) return { tokens, deep: parser.offset };
  }
  tokens.push(...parser.end());
  return { tokens, deep: tooDeep(tokens) };
}

/** @returns where a collection begins that is nested too deep; null for none */
function tooDeep(tokens: readonly CST.Token[]): number | null {
  const waiting = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    const inner = 'items' in token ? token.items.flatMap(({ key, value }) => [key, value]) : [];
    if (token.type === 'document') inner.push(token.value);
    for (const each of inner) if (each) waiting.push({ token: each, depth: depth + 1 });
  }
  return null;
}

/** Turns a document's nodes into plain values and notes their lines: one entry a value, bounded by the file's size. */
class Reader {
  readonly problems: TextProblem[] = [];
  private readonly lines = new Map<string, number>();

  constructor(private readonly counter: LineCounter) {}

  read(document: Document.Parsed): unknown {
    for (const { pos, message } of [...document.errors, ...document.warnings]) {
      this.complain(pos[0], `not YAML: ${message.replaceAll(/\s+/g, ' ')}`);
    }
    return this.problems.length > 0 ? null : this.value(document.contents, []);
  }

  complain(offset: number, text: string): void {
    this.problems.push({ line: this.lineAt(offset), text: shortLine(text, TOLD) });
  }

  lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const line = this.lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  }

  private lineAt(offset: number): number {
    return Math.max(1, this.counter.linePos(offset).line);
  }

  private value(node: unknown, path: Path): unknown {
    if (isScalar(node)) return node.value;
    if (isMap(node)) return this.section(node, path);
    if (isSeq(node)) return node.items.map((item, n) => this.noted(item, offsetOf(item), [...path, n]));
    if (isAlias(node)) this.complain(offsetOf(node), `*${node.source}: aliases are not supported; write the value out`);
    return null;
  }

  private section({ items }: YAMLMap, path: Path): Record<string, unknown> {
    const first = new Map<string, number>();
    const pairs = items.map((pair: Pair): [string, unknown] => {
      const offset = offsetOf(pair.key);
      const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (key === undefined) this.complain(offset, 'a key must be a plain word');
      const before = first.get(key ?? '');
      if (before !== undefined) this.complain(offset, `duplicate key ${valueText(key)}, first on line ${before}`);
      first.set(key ?? '', this.lineAt(offset));
      return [key ?? '', this.noted(pair.value, offset, [...path, key ?? ''])];
    });
    return Object.fromEntries(pairs); // never Object.prototype's own keys
  }

  private noted(node: unknown, offset: number, path: Path): unknown {
    this.lines.set(JSON.stringify(path), this.lineAt(offset));
    return this.value(node, path);
  }
}

function offsetOf(node: unknown): number {
  const { range } = node as { range?: readonly number[] | null };
  return range?.[0] ?? 0;
}
