import assert from 'node:assert/strict';
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** A part of a page as an independent parser sees it. */
type Node = Record<string, unknown>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  allowBooleanAttributes: true,
  htmlEntities: true,
  trimValues: false,
  parseTagValue: false,
  stopNodes: ['html.head.style'],
});

const ATTRIBUTES = ':@';
const TEXT = '#text';

/**
 * What a page is made of: each element with the names of its attributes, in their order; and its texts. The page keeps
 * to what HTML and XML have in common, so that a parser of XML can say whether it is well-formed.
 */
export function outline(page: string): { elements: string[]; texts: string[] } {
  const body = page.replace(/^<!DOCTYPE html>\s*/, '');
  assert.equal(XMLValidator.validate(body, { allowBooleanAttributes: true }), true);
  const found = { elements: [] as string[], texts: [] as string[] };
  const walk = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if (typeof node[TEXT] === 'string') found.texts.push(node[TEXT]);
      const [name] = Object.keys(node).filter((key) => key !== ATTRIBUTES && key !== TEXT);
      if (name === undefined) continue;
      const attributes = (node[ATTRIBUTES] ?? {}) as Node;
      found.elements.push([name, ...Object.keys(attributes).map((each) => each.replace('@_', ''))].join(' '));
      found.texts.push(...Object.values(attributes).filter((value) => typeof value === 'string'));
      walk(node[name] as Node[]);
    }
  };
  walk(parser.parse(body) as Node[]);
  return found;
}
