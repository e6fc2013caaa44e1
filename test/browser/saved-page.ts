/** A name that a device really has, and that would be markup if anybody took it for that. */
export const HOSTILE = '"><script>';

/** A page as the daemon gave it: served before and after a failover, written by `status --html`, served to everyone. */
export interface SavedPage {
  name: 'before' | 'after' | 'file' | 'landing';
  status: number;
  headers: Record<string, string>;
  body: string;
}

const MARK = 'saved-page';
const LINE_LENGTH = 1000;

/** The page as lines that come unharmed through a world's console. */
export function savedLines(page: SavedPage): string[] {
  const text = Buffer.from(JSON.stringify(page)).toString('base64');
  const parts = text.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  return [...parts, '.'].map((part) => `${MARK} ${page.name} ${part}\n`);
}

/** The pages that a world's output holds. */
export function readSaved(output: string): SavedPage[] {
  const texts = new Map<string, string>();
  const pages: SavedPage[] = [];
  for (const line of output.split(/\r?\n/)) {
    const [mark, name = '', part = ''] = line.split(' ');
    if (mark !== MARK) continue;
    if (part !== '.') texts.set(name, (texts.get(name) ?? '') + part);
    else pages.push(JSON.parse(Buffer.from(texts.get(name) ?? '', 'base64').toString('utf8')) as SavedPage);
  }
  return pages;
}
