import { html } from './html.js';

/** How lists, tables, time lines and forms look, and what is otherwise on a narrow screen and on paper. */
export const PARTS_STYLE = html`<style>
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
  svg .na {
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
