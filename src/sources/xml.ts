import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element that has attributes or children. */
export type XmlElement = Readonly<Record<string, unknown>>;

/** Documents that people write nest ten deep; a parser that follows a thousand levels runs out of stack. */
const MAX_DEPTH = 64;

const ATTRIBUTE = '@';

/** Entities stay as they stand: nothing in a document makes it grow. */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: ATTRIBUTE,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
});

/**
 * Reads a whole XML document. The parser alone would take one that is cut off; so it is checked first. One with a
 * document type is refused: the only use of it in such files is an attack.
 * @returns the element `root`, or why there is none
 */
export function readXml(text: string, root: string): XmlElement | string {
  if (text.includes('\0')) return 'the document contains a zero byte';
  const start = skipProlog(text);
  if (!text.startsWith(`<${root}`, start)) return `the document does not start with <${root}>`;
  try {
    const checked = XMLValidator.validate(text);
    if (checked !== true) return `line ${checked.err.line}: ${brief(checked.err.msg)}`;
    const parsed = parser.parse(text.slice(start)) as XmlElement;
    return child(parsed, root) ?? `the document has no <${root}>`;
  } catch (error) {
    return brief(error instanceof Error ? error.message : String(error));
  }
}

/** The parser's complaints quote what they complain of, all of it. */
function brief(complaint: string): string {
  return complaint.slice(0, 80).replaceAll(/[^ -~]+/g, ' ');
}

/** The one child element of this name, undefined when there is none, or several, or it has only text. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return asElement(own(element, name));
}

/** All child elements of this name that have attributes or children. */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  const found = own(element, name);
  const all: unknown[] = Array.isArray(found) ? found : [found];
  return all.map(asElement).filter((each) => each !== undefined);
}

/** An attribute's value. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  return asText(own(element, `${ATTRIBUTE}${name}`));
}

/** The text of the one child of this name. */
export function text(element: XmlElement | undefined, name: string): string | undefined {
  const found = own(element, name);
  return asText(typeof found === 'object' ? own(asElement(found), '#text') : found);
}

function own(element: XmlElement | undefined, name: string): unknown {
  return element && Object.hasOwn(element, name) ? element[name] : undefined;
}

function asElement(value: unknown): XmlElement | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlElement) : undefined;
}

/** The entities that XML itself knows; `&amp;` last, so that none comes of it. */
const ENTITIES = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&amp;', '&'],
] as const;

function asText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return ENTITIES.reduce((plain, [entity, character]) => plain.replaceAll(entity, character), value);
}

/** Where the root element begins, behind spaces, comments and processing instructions. */
function skipProlog(text: string): number {
  let at = 0;
  for (;;) {
    while (/\s/.test(text.charAt(at))) at++; // \s takes the byte order mark as well
    const end = text.startsWith('<!--', at) ? '-->' : text.startsWith('<?', at) ? '?>' : null;
    const found = end === null ? -1 : text.indexOf(end, at + 2);
    if (end === null || found < 0) return at;
    at = found + end.length;
  }
}
