import { describe } from '../../../support/dissect.js';
import type { SeenFrame } from '../events.js';
import { paint, wrap, type Look } from './look.js';

/** More of them say nothing new: later rounds repeat the first. */
const SHOWN = 8;

/** Where a line that is too long for the terminal goes on: what a RARP says then fits into 80 columns. */
const INDENT = 10;

/** The frames that came out of the hypervisor by the new link, in tcpdump's manner; `faultOf` says what is wrong with one. */
export function frameLines(
  { frames, switchedAt }: { frames: readonly SeenFrame[]; switchedAt: number },
  faultOf: (frame: SeenFrame) => string | null,
  look: Look,
): string[] {
  const heading = paint(look, 'bold', '   Frames behind the new link') + paint(look, 'dim', ' (sw2, port to up2)');
  if (frames.length === 0) return [`${heading}: none`];
  // A wrong frame is shown wherever it stands.
  const shown = frames.filter((frame, index) => index < SHOWN || faultOf(frame) !== null);
  const lines = shown.flatMap((frame) => {
    const times = `  ${signed(frame.at)} ${signed(frame.at - switchedAt)}  `;
    const fault = faultOf(frame);
    const text = wrap(times + describe(Buffer.from(frame.hex, 'hex')), look.columns, INDENT);
    return fault === null ? text : [...text, paint(look, 'red', `  WRONG: ${fault}`)];
  });
  const left = frames.length - shown.length;
  const more = left === 0 ? [] : [`  and ${left} more up to ${signed(frames.at(-1)?.at ?? 0).trim()}`];
  return [heading, paint(look, 'dim', `  ${'since cut'.padStart(9)} ${'switch'.padStart(9)}`), ...lines, ...more];
}

function signed(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${Math.abs(ms).toFixed(1)}ms`.padStart(9);
}
