import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Material, spoil } from './mutate.js';
import { assertPrototypesUntouched } from './prototypes.js';
import { Random } from './random.js';
import { shrink } from './shrink.js';
import { bytesOf, type Crasher, type Effort, type Outcome, type Target } from './target.js';

/** An input may take so long, in seconds, on a machine that has other things to do as well. */
const TIME_LIMIT = 1;

/** More crashers of one target tell nothing new. */
const MAX_CRASHERS = 5;

/** So many inputs are made up at a time, and so many are spoilt between. */
const BATCH = { generated: 20, spoilt: 60 };

/** Told of each input before it is read, so that one that never ends is known. */
export type Witness = (input: Uint8Array) => void;

/** Tries a target: reads spoilt and made-up inputs, and holds each to what the target says and to what holds for all. */
export class Trial {
  private executions = 0;
  private readonly crashers: Crasher[] = [];
  /** The first lines of their errors: each kind is told once. */
  private readonly kinds = new Set<string>();
  private readonly random: Random;
  private readonly material: Material;
  private readonly began = performance.now();

  constructor(
    private readonly target: Target,
    private readonly effort: Effort,
    private readonly witness: Witness = () => undefined,
  ) {
    const { corpus, tokens = [], maxBytes = 16 << 10 } = target;
    const pieces = tokens.map((token) => (typeof token === 'string' ? bytesOf(token) : token));
    this.random = new Random(effort.seed);
    this.material = { corpus, tokens: pieces, maxBytes };
  }

  async run(): Promise<Outcome> {
    for (const input of this.target.corpus) await this.execute(input);
    while (!this.isOver) {
      for (const input of this.someGenerated()) await this.execute(input);
      for (let n = 0; n < BATCH.spoilt; n++) await this.execute(spoil(this.random, this.material));
    }
    return { executions: this.executions, took: this.seconds, crashers: this.crashers };
  }

  private get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  private get isOver(): boolean {
    const { executions, seconds } = this.effort;
    return this.executions >= executions || this.seconds >= seconds || this.crashers.length >= MAX_CRASHERS;
  }

  private someGenerated(): Uint8Array[] {
    const { generated } = this.target;
    return generated ? fc.sample(generated, { numRuns: BATCH.generated, seed: this.random.next() | 0 }) : [];
  }

  private async execute(input: Uint8Array): Promise<void> {
    this.executions++;
    const error = await tryInput(this.target, input, this.witness);
    if (error === null || this.kinds.has(kindOf(error))) return;
    this.kinds.add(kindOf(error));
    const same = async (smaller: Uint8Array): Promise<boolean> => {
      const other = await tryInput(this.target, smaller, this.witness);
      return other !== null && kindOf(other) === kindOf(error);
    };
    this.crashers.push({
      input: await shrink(input, same, error instanceof TooSlow ? 40 : undefined),
      error: told(error),
    });
  }
}

class TooSlow extends Error {}

/** @returns what is wrong; null when everything holds */
export async function tryInput(target: Target, input: Uint8Array, witness: Witness): Promise<Error | null> {
  const kept = Buffer.from(input);
  witness(input);
  try {
    let took = Infinity;
    // Something else may have had the processor: the best of three counts.
    for (let attempt = 0; attempt < 3 && took > TIME_LIMIT; attempt++) {
      const began = performance.now();
      await target.run(input);
      took = Math.min(took, (performance.now() - began) / 1000);
    }
    if (took > TIME_LIMIT) return new TooSlow(`${input.length} bytes take ${took.toFixed(1)} s`);
    assert.ok(kept.equals(input), 'the reader changed its input');
    assertPrototypesUntouched();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(`threw ${String(error)}`);
  }
}

/** Errors of one kind come from one place. */
function kindOf(error: Error): string {
  return error instanceof TooSlow ? 'slow' : `${error.name} ${error.stack?.match(/\n {4}at .*/)?.[0] ?? ''}`;
}

function told(error: Error): string {
  return error.stack ?? error.message;
}
