import type { FailoverRecord, RoundRecord, RunResult } from '../../plan/failover-record.js';
import { CAUSE_WORDS, duration, endingWords } from '../../plan/words.js';
import { type Html, html } from './html.js';
import { ago, badge, count, definitions, table, thousands, type Tone, utc } from './parts.js';
import { timeLine } from './time-line.js';
import type { PageBond } from './query.js';

/** So many failovers are shown, of all bonds that were asked for. */
const FAILOVERS_SHOWN = 5;

/** So many of the kernel's reasons for refusing are named. */
const CODES_SHOWN = 4;

/** A failover and its bond. */
type BondFailover = readonly [bond: string, record: FailoverRecord];

/** The last failovers as time lines, the latest first. */
export function failoversSection(bonds: readonly PageBond[], now: number): Html {
  const all = bonds.flatMap(({ bond, lastFailovers }) => lastFailovers.map((record): BondFailover => [bond, record]));
  const latest = all.sort(([, one], [, other]) => other.time - one.time).slice(0, FAILOVERS_SHOWN);
  const more = all.length - latest.length;
  const none = html`<p class="empty">None since the daemon started.</p>`;
  const older = html`<p class="more">and ${count(more, 'older one')}: <code>bondherald status --json</code></p>`;
  return html`<section aria-labelledby="failovers">
    <h2 id="failovers">Last failovers</h2>
    ${latest.length === 0 ? none : latest.map((failover, n) => failoverCard(failover, n === 0, now))}
    ${more > 0 ? older : null}
  </section> `;
}

function failoverCard([bond, record]: BondFailover, isLatest: boolean, now: number): Html {
  const { time, from, to, cause, rounds } = record;
  return html`<article class="card">
    <h3>${bond}: ${from ?? 'no link'} → ${to}</h3>
    <p class="dim">${utc(time)}, ${ago(time, now)}${CAUSE_WORDS[cause]}</p>
    ${timeLine(record)} ${definitions(figures(record))}
    ${rounds.length === 0 ? null : html`<details${isLatest ? html` open` : null}><summary>Rounds</summary>${roundsTable(bond, record)}</details>`}
  </article> `;
}

function figures(record: FailoverRecord): (readonly [name: string, value: Html | string])[] {
  const { firstFrame, lastRarp, firstRoundOut, sent, refused } = record;
  const { rarp, garp, na, mcast } = sent;
  const codes = Object.entries(refused).sort(([, one], [, other]) => other - one);
  const refusals = codes.slice(0, CODES_SHOWN).map(([code, frames]) => `${thousands(frames)} ${code}`);
  if (codes.length > refusals.length) refusals.push(`${count(codes.length - refusals.length, 'other error')}`);
  const optional = (name: string, seconds: number | null): [string, string][] =>
    seconds === null ? [] : [[name, duration(seconds)]];
  return [
    ...optional('First frame', firstFrame),
    ...optional('Last RARP of the first burst', lastRarp),
    ...optional('Last RARP of the first round', firstRoundOut),
    ['Sent', `${thousands(rarp)} RARP, ${thousands(garp)} GARP, ${thousands(na)} NA, ${thousands(mcast)} IGMP or MLD`],
    ...(refusals.length === 0 ? [] : [['Refused by the kernel', badge('bad', refusals.join(', '))] as const]),
    ['Announcement', badge(toneOf(record), endingWords(record))],
  ];
}

const TONES: Partial<Record<RunResult, Tone>> = { completed: 'good', empty: 'off', superseded: 'off', stopped: 'off' };

function toneOf({ result }: FailoverRecord): Tone {
  return result === null ? 'good' : (TONES[result as RunResult] ?? 'warn');
}

function roundsTable(bond: string, { rounds, roundsPlanned, to }: FailoverRecord): Html {
  const head = ['Round', 'First frame', 'Last frame', 'RARP', 'GARP', 'NA', 'MCAST'];
  return table(
    `Rounds of the failover of ${bond} to ${to} (${roundsPlanned} planned); times since the failover`,
    head,
    rounds.map(roundRow),
  );
}

function roundRow({ round, start, end, sent: { rarp, garp, na, mcast } }: RoundRecord): Html {
  const cells = [duration(start), duration(end), ...[rarp, garp, na, mcast].map(thousands)];
  return html`<tr>
    <th scope="row">${round}</th>
    ${cells.map((cell) => html`<td class="n">${cell}</td>`)}
  </tr> `;
}
