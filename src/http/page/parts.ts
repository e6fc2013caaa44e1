import { age } from '../../plan/words.js';
import { type Content, type Html, html } from './html.js';

/** The latest and the earliest time that a Date can tell, in seconds. */
const MAX_TIME = 8.64e12;

/** A time in UTC, as ISO 8601 writes it, to the second. @param time seconds since 1970-01-01 00:00 UTC */
export function utc(time: number): Html {
  const text = `${new Date(Math.max(-MAX_TIME, Math.min(time, MAX_TIME)) * 1000).toISOString().slice(0, -5)}Z`;
  return html`<time datetime="${text}">${text}</time>`;
}

/** How long ago a time was. */
export function ago(time: number, now: number): string {
  return `${age(Math.max(0, Math.round(now - time)))} ago`;
}

/** `1 guest`, `12,345 guests`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${thousands(number)} ${number === 1 ? one : many}`;
}

/** A whole number in groups of three digits. */
export function thousands(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** How a thing stands. */
export type Tone = 'good' | 'warn' | 'bad' | 'off';

/** A word with a mark in front of it that tells how things stand without its colour too. */
export function badge(tone: Tone, word: Content): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}

/** Names with their values. @param look a class */
export function definitions(pairs: readonly (readonly [name: string, value: Content])[], look = ''): Html {
  const rows = pairs.map(
    ([name, value]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>`,
  );
  return html`<dl class="${look}">${rows}</dl>`;
}

/** A table that scrolls within itself where it is wider than the screen. */
export function table(caption: string, head: readonly string[], rows: readonly Html[]): Html {
  const cells = head.map((title) => html`<th scope="col">${title}</th>`);
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${cells}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
