import { STANDBY_STATES } from '../standby/judgement.js';
import type { StandbyBond, StandbyLink } from '../standby/report.js';
import * as shape from './shape.js';

const { integer, listOf, literal, nullable, object, quantity, text } = shape;

const name = text(256);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const vlans = listOf(integer(0, 4095));

const standbyVlan = object({
  vlans,
  guests: count,
  state: literal(...STANDBY_STATES),
  reason: nullable(text(64)),
  proven: nullable(quantity(0, 1e12)),
  missed: count,
  arrivesWith: nullable(vlans),
});

export const standbyLink: shape.Check<StandbyLink> = object({
  link: name,
  deaf: nullable(text(1024)),
  vlans: listOf(standbyVlan),
});

export const standbyBond: shape.Check<StandbyBond> = object({
  bond: name,
  activeSlave: nullable(name),
  links: listOf(standbyLink),
});
