import { assemble, type Instruction, jump, label, load, pass } from './assembler.js';
import { MARK } from './snoop-filter.js';

// Results of a program that is a tc action (net/sched/act_bpf.c:tcf_bpf_act).
/** Any number that is no action of tc: the actions after this one are not taken, and the next filter is asked. */
const ENOUGH = 100;
/** What the action was given as its default. */
const DEFAULT = 0xffffffff;

/**
 * An action of tc that ends the actions of its filter for the frames that we have sent ourselves.
 * @param ownMark the mark of the frames that we send
 */
export function spareOwnFrames(ownMark: number): Instruction[] {
  return assemble([
    load.special(MARK),
    jump.equal(ownMark, { no: 'others' }),
    pass(ENOUGH),
    label('others'),
    pass(DEFAULT),
  ]);
}
