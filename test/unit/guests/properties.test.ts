/** What holds of who is announced, whatever the history: on the real HostState, and on the batch that is kept in step with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Mac, parseMacPrefix } from '../../../src/addr/mac.js';
import { BatchReader } from '../../../src/wire/burst.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { ROOMY, TIGHT } from '../../fuzz/host-state.js';
import { AddressSpace } from '../../support/batch-memory.js';
import { dissect } from '../../support/dissect.js';
import { anySteps, type Command } from './commands.js';
import type { Limits } from './driver.js';
import { type Announced, History } from './history.js';
import { MACS, SHARED_MAC, type WorldName } from './worlds.js';

type Stale = ReadonlySet<string> | 'all';

interface Property {
  /** After each command. */
  readonly played?: (command: Command) => void;
  /** When everyone is judged. @returns how often the property said something */
  readonly looked: (stale: Stale) => number;
}

/**
 * Plays always the same histories. Fails also when the property had nothing to say in them.
 * @param begin makes the property of one history
 */
function holds(
  begin: (history: History) => Property,
  { limits = [ROOMY, TIGHT], exclude }: { limits?: Limits[]; exclude?: ConstructorParameters<typeof History>[2] } = {},
): void {
  let said = 0;
  const world = fc.constantFrom<WorldName>('plain', 'aware', 'two');
  fc.assert(
    fc.property(world, fc.constantFrom(...limits), anySteps(60), (name, limit, steps) => {
      const history = new History(name, limit, exclude);
      const { played, looked } = begin(history);
      const look = (): void => void (said += looked(history.driver.takeStale()));
      look();
      for (const step of steps) {
        if (step.do === 'heard' || step.do === 'expire') look(); // not in the middle of what is read from the kernel
        const command = history.play(step);
        played?.(command);
        if (step.look) look();
      }
    }),
    { numRuns: 120, seed: 16 },
  );
  assert.ok(said >= 100, `it was put to the test ${said} times`);
}

test('a MAC last heard coming in is never announced, unless libvirt says that it is here', () => {
  holds(
    (history) => ({
      looked: () => {
        const away = [...history.heard].filter(([, { direction }]) => direction === 'in').map(([place]) => place);
        for (const { mac, way } of history.announced())
          assert.ok(history.isVouched(mac) || !away.includes(`${mac} ${way}`), `${mac} is announced on ${way}`);
        return away.length;
      },
    }),
    { limits: [ROOMY] },
  );
});

test('a MAC that a bridge has on the bond is never announced there, where no failover and no echo explains it', () => {
  holds(
    (history) => ({
      looked: () => {
        if (history.failovers.length > 0) return 0;
        const rows = history.rows.filter(({ mac }) => !history.echoed.has(mac));
        const away = rows.flatMap((row) => wayOfRow(history, row).map((way) => `${row.mac} ${way}`));
        for (const { mac, way } of history.announced())
          assert.ok(history.isVouched(mac) || !away.includes(`${mac} ${way}`), `${mac} is announced on ${way}`);
        return away.length;
      },
    }),
    { limits: [ROOMY] },
  );
});

/** By which way the row of a bond's port, or of a VLAN device on it, leads out; empty for any other. */
function wayOfRow({ driver }: History, { port, vlan }: { port: string; vlan: number }): string[] {
  if (!port.startsWith('bond') || !driver.bridgeOf(port)) return [];
  const members = driver.membership(port);
  if (members === null) return [port.replace('.', '/')];
  return members.filter(({ vid }) => vid === vlan).map(({ untagged }) => (untagged ? port : `${port}/${vlan}`));
}

test('no frame is announced in a VLAN of which the port of the bond, or of a silent guest, is no member', () => {
  holds((history) => ({
    looked: () => {
      const bound = history.announced().filter(({ way }) => history.driver.membership(bondOf(way)) !== null);
      for (const each of bound) {
        const leaves = history.left.has(`${each.mac} ${each.way}`); // a guest that tags for itself
        assert.ok(leaves || mayLeave(history, each), `${each.mac} is announced on ${each.way} from ${each.port}`);
      }
      return bound.length;
    },
  }));
});

function mayLeave({ driver }: History, { way, source, port, lastSeen }: Announced): boolean {
  const [bond = '', vlan] = way.split('/');
  const outside = driver.membership(bond) ?? [];
  const carried = outside.filter(({ vid, untagged }) =>
    vlan === undefined ? untagged : !untagged && vid === Number(vlan),
  );
  if (source !== 'fdb' || lastSeen === null) return carried.length > 0;
  const inside = driver.membership(port ?? '') ?? [];
  return carried.some(({ vid }) => inside.some((each) => each.vid === vid));
}

const bondOf = (way: string): string => way.split('/')[0] ?? '';

test('nobody is announced whom the operator has refused, or who shares a MAC with other routers', () => {
  const macs = [parseMacPrefix(MACS[1] ?? '')].filter((prefix) => prefix !== undefined);
  const refused = (mac: string): boolean => mac === MACS[1] || mac === SHARED_MAC;
  holds(
    (history) => ({
      looked: () => {
        for (const { mac, way, port } of history.announced()) {
          assert.ok(!refused(mac), mac);
          assert.ok(!way.split('/').includes('905'), way);
          assert.notEqual(port, 'tap2');
        }
        const known = MACS.flatMap((mac) => history.driver.judged(mac).map((each) => ({ mac, ...each })));
        return known.filter(({ mac, way, port }) => refused(mac) || way.includes('/905') || port === 'tap2').length;
      },
    }),
    { exclude: { macs, vlans: [905], ports: ['tap2'] } },
  );
});

test('a guest whose port stands, and that was not seen elsewhere, stays announced', () => {
  holds(
    (history) => {
      let staying: Announced[] = [];
      return {
        played: (command) => {
          const forgotten = (mac: string): boolean => command.do === 'restart' && history.still.has(mac); // that it ran
          staying = staying.filter((guest) => !mayEnd(command, guest, history.now) && !forgotten(guest.mac));
        },
        looked: () => {
          const announced = history.announced();
          const places = announced.map(({ mac, way }) => `${mac} ${way}`);
          for (const { mac, way } of staying) assert.ok(places.includes(`${mac} ${way}`), `${mac} on ${way} is lost`);
          const { length } = staying;
          const carries = ({ way, ...guest }: Announced): boolean => {
            if (leavesElsewhere(history, guest.mac, way)) return false;
            if (history.driver.membership(bondOf(way)) === null) return true;
            const tagsItself = way.includes('/') && history.left.has(`${guest.mac} ${way}`); // it may be in another VLAN
            return !tagsItself && mayLeave(history, { ...guest, way, lastSeen: history.now });
          };
          staying = announced.filter(
            (guest) => guest.source === 'fdb' && history.driver.isUp(guest.port ?? '') && carries(guest),
          );
          return length;
        },
      };
    },
    { limits: [ROOMY] },
  );
});

/** Whether a guest was heard leaving by another bond as well: libvirt may say any time that this is its way. */
function leavesElsewhere({ left }: History, mac: string, way: string): boolean {
  return [...left].some((place) => {
    const [who, by = ''] = place.split(' ');
    return who === mac && bondOf(by) !== bondOf(way);
  });
}

const UPLINKS = ['bond0', 'bond0.905', 'bond1'];

/** Whether a command may end the announcement of a guest: its port changes, or it is seen elsewhere, or is silent for too long. */
function mayEnd(command: Command, { mac, port, lastSeen, way }: Announced, now: number): boolean {
  const concerns = (device: string): boolean => device === port || UPLINKS.includes(device);
  const isOver = lastSeen !== null && now - lastSeen >= ROOMY.remember;
  switch (command.do) {
    case 'learn':
      return command.mac === mac && command.port !== port;
    case 'heard':
      return command.mac === mac && (command.direction === 'in' || command.bond !== bondOf(way));
    case 'libvirt': // who stands still, and was not seen running, may run elsewhere
      return command.still.some((each) => each.mac === mac);
    case 'link':
    case 'gone':
      return concerns(command.port);
    case 'expire':
      return isOver;
    case 'resync':
      return command.gone.some(concerns) || command.rows.some((row) => row.mac === mac && row.port !== port);
    case 'restart': // a device that is gone may have been the one that said that the guest left
      return isOver || command.gone.length > 0 || command.rows.some((row) => row.mac === mac && row.port !== port);
    default:
      return false;
  }
}

/** The batches of the bonds, kept in step as the daemon does it. */
class Batches {
  readonly bonds: ReadonlyMap<number, BondGuests>;

  constructor(
    private readonly history: History,
    private readonly capacity: number,
  ) {
    this.bonds = new Map([...history.driver.bonds().values()].map((bond) => [bond, new BondGuests(capacity)]));
  }

  follow(stale: Stale): void {
    const { driver } = this.history;
    for (const [bond, guests] of this.bonds) {
      const macs = stale === 'all' ? new Set([...driver.macs(), ...guests.macs()]) : stale;
      for (const mac of macs)
        guests.update(
          mac as Mac,
          driver.verdicts(mac).filter((verdict) => verdict.bond === bond),
        );
      guests.batch.publish();
    }
  }

  /** The MACs and tags of the frames that the failover thread would send on a bond. */
  frames({ batch }: BondGuests): string[] {
    const space = new AddressSpace(batch.memory);
    const frames = new BatchReader(batch.memory, this.capacity).read((messages, count) =>
      space.frames(messages, count),
    );
    return frames.map((bytes) => {
      const { src, tags, etherType } = dissect(bytes);
      assert.equal(etherType, 0x8035);
      return [src, ...tags.map(({ vid }) => vid)].join('/');
    });
  }
}

test('the batch of a bond holds a frame for everyone who is announced there, and no other', () => {
  holds((history) => {
    const batches = new Batches(history, 100);
    return {
      looked: (stale) => {
        batches.follow(stale);
        const announced = history.announced();
        for (const [name, bond] of history.driver.bonds()) {
          const guests = batches.bonds.get(bond);
          assert.ok(guests);
          const there = announced.filter(({ way }) => bondOf(way) === name);
          const wanted = there.map(({ mac, way }) => [mac, ...way.split('/').slice(1)].join('/'));
          assert.deepEqual(batches.frames(guests).sort(), wanted.sort());
        }
        return announced.length;
      },
    };
  });
});

test('a batch that is full takes nobody in, and says of everyone left out that there are too many', () => {
  holds((history) => {
    const batches = new Batches(history, 2);
    return {
      looked: (stale) => {
        batches.follow(stale);
        let leftOut = 0;
        for (const [bond, guests] of batches.bonds) {
          const frames = batches.frames(guests);
          assert.ok(frames.length <= 2);
          const verdicts = MACS.flatMap((mac) => history.driver.verdicts(mac));
          for (const verdict of verdicts.filter((each) => each.bond === bond)) {
            const isIn = frames.includes([verdict.mac, ...verdict.tags.map(({ vid }) => vid)].join('/'));
            assert.equal(guests.reasonFor(verdict), isIn ? null : (verdict.suppressed ?? 'too-many'));
            leftOut += Number(!isIn && verdict.suppressed === null);
          }
        }
        return leftOut;
      },
    };
  });
});

test('there are never more guests, guests of a port, or addresses of a guest than the limits say', () => {
  const limits: Limits[] = [TIGHT, { ...TIGHT, total: 4, perPort: 1 }];
  for (const limit of limits) {
    holds(
      ({ driver }) => ({
        looked: () => {
          const learned = driver.learned();
          assert.ok(new Set(learned.map(({ mac }) => mac)).size <= limit.total);
          for (const { port } of learned) {
            const macs = new Set(learned.filter((each) => each.port === port).map(({ mac }) => mac));
            assert.ok(macs.size <= limit.perPort, `${macs.size} on ${port}`);
          }
          const places = MACS.flatMap((mac) => driver.judged(mac).map(({ way }) => driver.addresses(mac, way).length));
          assert.ok(places.every((addresses) => addresses <= 16));
          return learned.filter(({ port }) => learned.filter((each) => each.port === port).length >= limit.perPort)
            .length;
        },
      }),
      { limits: [limit] },
    );
  }
});
