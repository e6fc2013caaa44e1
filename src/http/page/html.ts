/*
 * HTML as values. Every text that comes to the page goes through `html`, which escapes it; only what stands literally in
 * the source is markup. Values may stand where elements' text stands, and within the double quotes of attributes; nowhere
 * else: not in <style>, not in comments, not as names.
 */

/** What may be filled into a template: text, which is escaped; markup; or several of them. */
export type Content = string | number | null | Html | readonly Content[];

/** A piece of a page. */
export class Html {
  private constructor(readonly text: string) {}

  /** A template tag: `html\`<td>${name}</td>\``. Nothing, and null, leave nothing. */
  static of(this: void, literals: TemplateStringsArray, ...values: readonly Content[]): Html {
    return new Html(compact(literals).reduce((text, literal, n) => text + escaped(values[n - 1] ?? null) + literal));
  }
}

export const html = Html.of;

/** Of every template of the source, what is left of it without its indentation; there are no others. */
const compacted = new WeakMap<TemplateStringsArray, readonly string[]>();

function compact(literals: TemplateStringsArray): readonly string[] {
  const known = compacted.get(literals);
  if (known) return known;
  const fresh = literals.map((literal) => literal.replaceAll(/\s+/g, ' '));
  compacted.set(literals, fresh);
  return fresh;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/**
 * What must not come to a page even as text: control characters, halves of surrogate pairs, and what turns the direction
 * of writing or is not to be seen, with which one name could pass for another (UAX #9, UTS #39).
 */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\u00ad\u061c\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;

function escaped(content: Content): string {
  if (content === null) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(escaped).join('');
  return String(content)
    .replaceAll(UNSEEN, '\u{fffd}')
    .replaceAll(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');
}

/** A text of at most so many characters; where it is cut, it ends in an ellipsis. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
