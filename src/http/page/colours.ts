import { html } from './html.js';

/** The colours, which keep to WCAG 2.1 AA in both schemes: 4.5 to 1 for text, 3 to 1 for bars. A test computes it. */
export const COLOURS = html`<style>
  :root {
    --bg: #f4f5f7;
    --card: #fff;
    --ink: #1a2027;
    --dim: #57606a;
    --rule: #d5dae1;
    --link: #0a58ca;
    --good: #1a7431;
    --warn: #8a4b00;
    --bad: #b3261e;
    --off: #57606a;
    --rarp: #0a58ca;
    --garp: #9a5b00;
    --na: #7a3ea8;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --bg: #0e1217;
      --card: #161b22;
      --ink: #e3e8ee;
      --dim: #9aa6b4;
      --rule: #2b333d;
      --link: #7ab7ff;
      --good: #5bc873;
      --warn: #e8b04b;
      --bad: #ff8f85;
      --off: #9aa6b4;
      --rarp: #5ea5ff;
      --garp: #e0a03c;
      --na: #c792ea;
    }
  }
</style>`;
