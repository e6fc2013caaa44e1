import { assemble, type Instruction, jump, label, load, pass } from '../../src/kernel/bpf/assembler.js';

const MARK = 20;

/**
 * What the socket's filter costs at least for untagged frames: loads from fixed places, IPv4 first, our own mark asked
 * for last. Leaves out tags and IPv4 options, so it is for comparison only.
 */
export function cheaperFilter(ownMark: number): Instruction[] {
  return assemble([
    load.halfAt(12),
    jump.equal(0x0800, { yes: 'IPv4' }),
    jump.equal(0x86dd, { yes: 'IPv6' }),
    jump.equal(0x0806, { yes: 'own' }),
    jump.equal(0x8035, { yes: 'own', no: 'drop' }),
    label('IPv6'),
    load.byteAt(20),
    jump.equal(58, { no: 'drop' }),
    load.byteAt(54),
    jump.atLeast(133, { no: 'drop' }),
    jump.greater(136, { yes: 'drop', no: 'own' }),
    label('IPv4'),
    load.byteAt(23),
    jump.equal(17, { no: 'drop' }),
    load.halfAt(36),
    jump.equal(67, { no: 'drop' }),
    label('own'),
    load.special(MARK),
    jump.equal(ownMark, { yes: 'drop' }),
    pass(2048),
    label('drop'),
    pass(0),
  ]);
}
