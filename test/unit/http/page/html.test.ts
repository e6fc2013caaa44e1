import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clip, type Content, html } from '../../../../src/http/page/html.js';
import { outline } from '../../../support/outline.js';

test('texts are escaped, numbers are not, nothing leaves nothing, markup and lists stay markup', () => {
  const rows: Content = [html`<b>${'<x>'}</b>`, 1, null, ['&', html`<i></i>`]];
  assert.equal(
    html`<p title="${'"\'`'}">${rows}</p>`.text,
    '<p title="&quot;&#39;&#96;"><b>&lt;x&gt;</b>1&amp;<i></i></p>',
  );
});

test('what a reader cannot see, or what turns the direction of writing, is shown as something strange', () => {
  for (const code of [0, 7, 0x1b, 0x7f, 0x9b, 0xad, 0x200b, 0x202e, 0x2028, 0x2066, 0xfeff, 0xd800, 0xe000, 0xffff])
    assert.equal(html`${String.fromCodePoint(code)}a`.text, '\u{fffd}a', code.toString(16));
  assert.equal(html`${'Ünïcödé 漢字 🐈'}`.text, 'Ünïcödé 漢字 🐈');
});

test('whatever a text is, it comes back as one text, in an element and in an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { elements, texts } = outline(html`<p title="${`[${text}]`}">${`[${text}]`}</p>`.text);
      assert.deepEqual(elements, ['p title']);
      assert.equal(texts.length, 2);
      assert.equal(texts[0], texts[1]);
      assert.equal(texts[0]?.length, `[${text}]`.replaceAll(/\p{Cs}/gu, '.').length - invisible(text));
    }),
  );
});

/** Characters of two units that are replaced by one of one unit. */
function invisible(text: string): number {
  return [...text].filter((each) => each.length === 2 && /[\p{Cn}\p{Co}]/u.test(each)).length;
}

test('a long text ends in an ellipsis', () => {
  assert.deepEqual(
    ['abc', 'abcd'].map((text) => clip(text, 3)),
    ['abc', 'ab…'],
  );
});
