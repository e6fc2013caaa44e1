/** What the terminal can show. */
export interface Look {
  columns: number;
  colour: boolean;
  /** Whether it shows more than ASCII. */
  unicode: boolean;
}

export interface Glyphs {
  /** How much of a cell's packets arrived, from a few to all. */
  levels: readonly string[];
  dark: string;
  cut: string;
  switched: string;
  spinner: readonly string[];
}

const UNICODE: Glyphs = {
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  dark: '·',
  cut: '▼',
  switched: '▽',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};
const ASCII: Glyphs = {
  levels: ['_', '-', '=', '#'],
  dark: '.',
  cut: 'x',
  switched: 'v',
  spinner: ['|', '/', '-', '\\'],
};

export function glyphs(look: Look): Glyphs {
  return look.unicode ? UNICODE : ASCII;
}

/** Select Graphic Rendition, ECMA-48 8.3.117. */
const STYLES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;

export type Style = keyof typeof STYLES;

/** The text in that style, or as it is where there are no colours. */
export function paint(look: Look, style: Style, text: string): string {
  return look.colour && text !== '' ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

const NARROWEST = 60;
/** Beyond this a line is no longer taken in at a glance. */
const WIDEST = 160;

interface Environment {
  isTTY: boolean;
  columns: number | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/** Whether lines can be drawn over: a terminal that knows how. */
export function canRedraw({ isTTY, env }: Environment): boolean {
  return isTTY && env['TERM'] !== 'dumb';
}

/** What the terminal shows, by its size and the variables that have a say: NO_COLOR, TERM and the locale's. */
export function lookOf(where: Environment): Look {
  const { columns, env } = where;
  // The first that is set and not empty rules, as setlocale(3) has it.
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return {
    columns: Math.min(WIDEST, Math.max(NARROWEST, columns ?? 80)),
    colour: canRedraw(where) && !env['NO_COLOR'],
    unicode: /utf-?8/i.test(locale),
  };
}

/** The text in lines no wider than `columns`, cut behind commas; those that follow are indented. A part that is longer stays whole. */
export function wrap(text: string, columns: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of text.split(/(?<=, )/)) {
    if (line !== '' && (line + part).trimEnd().length > columns) {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += part;
  }
  return [...lines, line.trimEnd()];
}
