import type { Random } from './random.js';

/** What spoilt inputs are made of. */
export interface Material {
  /** Real inputs. */
  readonly corpus: readonly Uint8Array[];
  /** Pieces that mean something to the reader. */
  readonly tokens: readonly Uint8Array[];
  /** No input is longer. */
  readonly maxBytes: number;
}

/** Numbers at which lengths and counts go wrong. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff, 0x100, 0x7fff, 0x8000, 0xffff];
const WIDE_EDGES = [...EDGES, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

type Mutation = (input: Uint8Array, random: Random, material: Material) => Uint8Array;

function replaced(input: Uint8Array, start: number, end: number, middle: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(start + middle.length + Math.max(0, input.length - end));
  bytes.set(input.subarray(0, start));
  bytes.set(middle, start);
  bytes.set(input.subarray(end), start + middle.length);
  return bytes;
}

/** Where a stretch begins and ends. */
function stretch(input: Uint8Array, random: Random): [number, number] {
  const start = random.below(input.length + 1);
  return [start, Math.min(input.length, start + random.length(input.length))];
}

const flipBit: Mutation = (input, random) => {
  const bytes = Uint8Array.from(input);
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
};

const setByte: Mutation = (input, random) => {
  const bytes = Uint8Array.from(input);
  bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
};

const truncate: Mutation = (input, random) => input.slice(0, random.below(input.length));

const cutOut: Mutation = (input, random) => replaced(input, ...stretch(input, random), new Uint8Array(0));

/** A number over what may be a length field: an edge, or what is left of the input, give or take a few. */
const lie: Mutation = (input, random) => {
  const size = random.pick([1, 2, 2, 4]);
  if (input.length < size) return input;
  const bytes = Uint8Array.from(input);
  const at = random.below(bytes.length - size + 1);
  const left = bytes.length - at;
  const value = random.below(3) === 0 ? Math.max(0, left - 4 + random.below(9)) : random.pick(WIDE_EDGES);
  const view = new DataView(bytes.buffer);
  const little = random.below(2) === 0;
  if (size === 1) view.setUint8(at, value & 0xff);
  else if (size === 2) view.setUint16(at, value & 0xffff, little);
  else view.setUint32(at, value >>> 0, little);
  return bytes;
};

const repeat: Mutation = (input, random, { maxBytes }) => {
  const [start, end] = stretch(input, random);
  const piece = input.subarray(start, Math.min(end, start + 64));
  if (piece.length === 0) return input;
  const times = random.length(random.below(8) === 0 ? maxBytes / piece.length : 16);
  const many = new Uint8Array(piece.length * times);
  for (let n = 0; n < times; n++) many.set(piece, n * piece.length);
  return replaced(input, end, end, many);
};

/** The beginning of one and the end of another. */
const splice: Mutation = (input, random, { corpus }) => {
  const other = random.pick(corpus);
  const [start] = stretch(other, random);
  return replaced(input, random.below(input.length + 1), input.length, other.subarray(start));
};

const insertOther: Mutation = (input, random, { corpus }) => {
  const other = random.pick(corpus);
  const at = random.below(input.length + 1);
  return replaced(input, at, at, other.subarray(...stretch(other, random)));
};

const insertToken: Mutation = (input, random, { tokens }) => {
  if (tokens.length === 0) return input;
  const at = random.below(input.length + 1);
  return replaced(input, at, at + random.below(2) * random.below(9), random.pick(tokens));
};

const swapStretches: Mutation = (input, random) => {
  const [start, end] = stretch(input, random);
  const at = random.below(start + 1);
  return replaced(replaced(input, start, end, new Uint8Array(0)), at, at, input.subarray(start, end));
};

const MUTATIONS: readonly Mutation[] = [
  ...[flipBit, flipBit, setByte, setByte, truncate, cutOut, lie, lie, lie],
  ...[repeat, splice, insertOther, insertToken, insertToken, swapStretches],
];

/** A real input with up to eight things wrong with it. */
export function spoil(random: Random, material: Material): Uint8Array {
  let bytes = random.pick(material.corpus);
  for (let n = random.length(8); n > 0; n--) {
    bytes = random.pick(MUTATIONS)(bytes, random, material);
    if (bytes.length > material.maxBytes) bytes = bytes.slice(0, material.maxBytes);
  }
  return bytes;
}
