/** A number from 0 to 1, 1 excluded. For what need not be secret. */
export function chance(): number {
  return Math.random();
}
