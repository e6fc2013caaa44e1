import { html } from './html.js';

/**
 * The style of the page. Nothing else may style it: the Content-Security-Policy names this text by its hash. The colours keep
 * to WCAG 2.1 AA in both schemes: 4.5 to 1 for text, 3 to 1 for bars. A test computes it.
 */
export const STYLE = html`<style>
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
    --mcast: #1a7f37;
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
      --mcast: #57c274;
    }
  }
  * {
    box-sizing: border-box;
  }
  html {
    color-scheme: light dark;
  }
  body {
    margin: 0;
    background: var(--bg);
    color: var(--ink);
    font: 15px/1.5 system-ui;
    overflow-wrap: anywhere;
  }
  header,
  main {
    max-width: 72rem;
    margin: 0 auto;
    padding: 0 clamp(0.75rem, 3vw, 1rem);
  }
  header {
    padding-top: 1.25rem;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.25;
    margin: 0;
  }
  h1 small {
    font-size: 0.9rem;
    font-weight: 400;
    color: var(--dim);
  }
  h2 {
    font-size: 1.1rem;
    margin: 2rem 0 0.75rem;
    scroll-margin-top: 1rem;
  }
  h3 {
    font-size: 1rem;
    margin: 0;
  }
  p {
    margin: 0.25rem 0;
  }
  a {
    color: var(--link);
  }
  nav {
    display: flex;
    flex-wrap: wrap;
    gap: 0.25rem 1.1rem;
    margin: 0.75rem 0 0;
    padding-bottom: 0.75rem;
    border-bottom: 1px solid var(--rule);
  }
  code,
  tbody th {
    font: 0.93em/1.5 monospace;
  }
  code {
    background: var(--bg);
    border: 1px solid var(--rule);
    border-radius: 4px;
    padding: 0.05em 0.35em;
  }
  .dim,
  .more,
  .empty,
  caption,
  dt,
  label {
    color: var(--dim);
    font-size: 0.85rem;
  }
  .card {
    background: var(--card);
    border: 1px solid var(--rule);
    border-radius: 8px;
    padding: 0.9rem clamp(0.75rem, 3vw, 1rem);
    margin: 0 0 0.75rem;
    min-width: 0;
  }
  .cards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr));
    gap: 0.75rem;
  }
  .cards .card {
    margin: 0;
  }
  .verdict {
    font-size: 1.1rem;
    font-weight: 600;
    margin: 1.25rem 0 1rem;
  }
  .badge::before {
    content: '';
    display: inline-block;
    width: 0.6em;
    height: 0.6em;
    margin-right: 0.45em;
    border-radius: 50%;
    background: currentColor;
  }
  .badge.warn::before {
    border-radius: 0;
    clip-path: polygon(50% 0, 100% 100%, 0 100%);
    width: 0.75em;
    height: 0.7em;
  }
  .badge.bad::before {
    border-radius: 1px;
  }
  .badge.off::before {
    background: none;
    border: 2px solid currentColor;
  }
  .good {
    color: var(--good);
  }
  .warn {
    color: var(--warn);
  }
  .bad {
    color: var(--bad);
  }
  .off {
    color: var(--off);
  }
  dl {
    margin: 0.75rem 0 0;
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem 2rem;
  }
  dd {
    margin: 0;
  }
  .tiles {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
    gap: 0.5rem;
    margin: 0;
  }
  .tiles div {
    background: var(--card);
    border: 1px solid var(--rule);
    padding: 0.6rem 1rem;
  }
  .tiles dd {
    font-size: 1.25rem;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .scroll {
    overflow-x: auto;
    max-width: 100%;
    margin: 0.5rem 0 0;
  }
  :focus-visible {
    outline: 2px solid var(--link);
    outline-offset: 2px;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: 0.9rem;
    font-variant-numeric: tabular-nums;
    overflow-wrap: normal;
  }
  .own caption {
    position: absolute;
    clip-path: inset(50%);
  }
  caption {
    text-align: left;
    padding-bottom: 0.25rem;
  }
  th,
  td {
    text-align: left;
    padding: 0.3rem 0.9rem 0.3rem 0;
    border-top: 1px solid var(--rule);
    vertical-align: top;
    white-space: nowrap;
  }
  thead th {
    border-top: 0;
    color: var(--dim);
  }
  td.wrap {
    white-space: normal;
    min-width: 12rem;
  }
  .line {
    display: grid;
    grid-template-columns: 3rem minmax(0, 1fr);
    margin: 0.75rem 0 0;
  }
  .lanes {
    padding-top: 12px;
    font-size: 0.75rem;
    line-height: 20px;
    color: var(--dim);
  }
  .lanes span {
    display: block;
  }
  svg {
    display: block;
    overflow: visible;
  }
  svg line {
    stroke: var(--rule);
  }
  svg .start {
    stroke: var(--bad);
    stroke-width: 2;
  }
  svg .rarp,
  svg .garp,
  svg .na,
  svg .mcast {
    stroke-width: 8;
    stroke-linecap: round;
  }
  svg .rarp {
    stroke: var(--rarp);
  }
  svg .garp {
    stroke: var(--garp);
  }
  svg .na {
    stroke: var(--na);
  }
  svg .mcast {
    stroke: var(--mcast);
  }
  svg text {
    fill: var(--dim);
    font-size: 0.72rem;
    text-anchor: middle;
  }
  details {
    margin-top: 0.5rem;
  }
  summary {
    color: var(--link);
  }
  form {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem 1rem;
    align-items: end;
    margin: 0 0 0.75rem;
  }
  form p {
    margin: 0;
  }
  label {
    display: block;
  }
  input,
  select,
  button {
    font: inherit;
    color: inherit;
    background: var(--card);
    border: 1px solid var(--dim);
    border-radius: 6px;
    padding: 0.3rem 0.6rem;
    max-width: 100%;
  }
  input {
    width: 18rem;
  }
  .pages {
    display: flex;
    gap: 1.1rem;
    margin: 0.75rem 0 3rem;
  }
  @media (max-width: 560px) {
    .fine {
      display: none;
    }
    input {
      width: 100%;
    }
  }
  @media print {
    form,
    nav,
    .pages {
      display: none;
    }
  }
</style>`;

/** What a browser hashes: the text between the tags. */
export const STYLE_TEXT = STYLE.text.slice('<style>'.length, -'</style>'.length);
