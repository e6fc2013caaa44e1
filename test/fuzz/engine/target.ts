import type fc from 'fast-check';

/** Something that reads bytes from outside, and what holds whatever they are. */
export interface Target {
  /** Real inputs, which are spoilt. At least one. */
  readonly corpus: readonly Uint8Array[];
  /** Pieces that mean something to the reader, to be strewn in. */
  readonly tokens?: readonly (string | Uint8Array)[];
  /** Inputs that are made up from nothing. */
  readonly generated?: fc.Arbitrary<Uint8Array>;
  /** 16 KiB where nothing is said. */
  readonly maxBytes?: number;
  /** Reads one input. Throws when something does not hold. Inputs must not depend on each other. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
  /** Gives back what the target holds: sockets, files. */
  readonly close?: () => void | Promise<void>;
}

/** An input on which something did not hold. */
export interface Crasher {
  readonly input: Uint8Array;
  /** What did not hold: the error with its stack. */
  readonly error: string;
}

/** What came of trying a target. */
export interface Outcome {
  readonly executions: number;
  /** In seconds. */
  readonly took: number;
  readonly crashers: readonly Crasher[];
}

/** How long to try, and from where. */
export interface Effort {
  readonly seed: number;
  /** So many inputs at most, */
  readonly executions: number;
  /** and so long at most, in seconds. */
  readonly seconds: number;
}

/** The bytes of a text. */
export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
