/** SIGHUPs to this process, which do not end it. */
export interface Hangups {
  /** Settles when one has come since the last call of `forget`. */
  came(): Promise<void>;
  /** Whatever is done about those that have come is done from now on. */
  forget(): void;
}

/** Catches SIGHUP from now on; what comes before anybody asks is kept. */
export function catchHangups(): Hangups {
  let pending = false;
  let wake = (): void => undefined;
  process.on('SIGHUP', () => {
    pending = true;
    wake();
  });
  return {
    came: () => (pending ? Promise.resolve() : new Promise((resolve) => (wake = resolve))),
    forget: () => void (pending = false),
  };
}
