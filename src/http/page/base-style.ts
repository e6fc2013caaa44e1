import { html } from './html.js';

/** How text, cards and badges look. */
export const BASE_STYLE = html`<style>
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
</style>`;
