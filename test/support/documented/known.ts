/** A command that a test runs, and what shows that it did what the document says. */
export interface Run {
  /** In the lab beside a daemon that runs; in a Debian with systemd and the package; or by the unit tests. */
  readonly in: 'lab' | 'service' | 'unit';
  /** What it prints, on stdout and stderr. */
  readonly says: RegExp;
  /** Its exit status, 0 by default. */
  readonly exit?: number;
  /** It goes on until it is ended. */
  readonly stays?: true;
  /** It waits for what this command causes, once it has said the first. */
  readonly meanwhile?: { readonly when: RegExp; readonly command: string };
}

/** A command that another test or CI runs: the file that does, and its words for it. */
export interface RunElsewhere {
  readonly in: 'elsewhere';
  readonly file: string;
  readonly words: string;
}

/** A command that no automated test runs, because of what it takes; what is held then is that it is there. */
export interface NotRun {
  readonly in: 'nowhere';
  readonly because: string;
}

const elsewhere = (file: string, words: string): RunElsewhere => ({ in: 'elsewhere', file, words });
const lab = (says: RegExp, more: Partial<Run> = {}): Run => ({ in: 'lab', says, ...more });
const service = (says: RegExp, more: Partial<Run> = {}): Run => ({ in: 'service', says, ...more });

const FRAMES = /^bond0: sent \d+ frames? on up2\n(  (rarp|garp|na|mcast) \S+.*\n)+$/;
const STATUS = /^bondherald \S+, running for \S+\n\nbond0: active-backup, miimon 100 ms, active link up2\n/;
const GUESTS = /^bond0: \d+ guests?\n  MAC +VLAN +PORT +GUEST +ADDRESSES +SOURCE +LAST SEEN +ANNOUNCED\n/;
const UNIT = /● bondherald\.service [^]*Active: active \(running\)[^]*Status: "\d+ guests? behind bond0 \(up1\)"/;
const NOTHING = /^$/;

/**
 * How each command of the documents is run: the key is the command as collect.ts gives it. One that a document has and
 * this list has not is an error, and so is the reverse.
 */
export const KNOWN: Readonly<Record<string, Run | RunElsewhere | NotRun>> = {
  // beside a running daemon, right after a failover to up2
  'bondherald run': lab(/\bready\b/, { stays: true }),
  'bondherald status': lab(STATUS),
  'bondherald status --watch': lab(STATUS, { stays: true }),
  'bondherald status --html': lab(/^<!DOCTYPE html> <html [^]*<\/html>\s*$/),
  'bondherald guests': lab(GUESTS),
  'bondherald guests bond0': lab(GUESTS),
  'bondherald guests --watch': lab(GUESTS, { stays: true }),
  'bondherald announce bond0': lab(FRAMES),
  'bondherald announce bond0 --mac 52:54:00:12:34:56': lab(
    /^bond0: sent 1 frames? on up2\n  rarp 52:54:00:12:34:56 untagged\n$/,
  ),
  'bondherald announce bond0 --mac 52:54:00:12:34:56 --vlan 905': lab(
    /^bond0: sent 1 frames? on up2\n  rarp 52:54:00:12:34:56 vlan 905\n$/,
  ),
  'bondherald announce bond0 --dry-run': lab(/^bond0: would send \d+ frames? on up2\n(  rarp \S+ untagged\n)+$/),
  'bondherald watch bond0': lab(/up2 +out +rarp +52:54:00:00:00:0\d .* ours /, {
    stays: true,
    meanwhile: { when: /watching/, command: 'bondherald announce bond0' },
  }),
  'bondherald watch bond0 vlan 905 --count 100': lab(/watching/, { stays: true }),
  'bondherald doctor': lab(/^warning: up1: this link of a bond has no carrier[^]*\n  cure: /m, { exit: 3 }),
  'bondherald standby bond0': lab(/^bond0: active link up2\n  LINK +VLAN +GUESTS +STATE\n/),
  'bondherald config check': lab(/: OK\n$/),
  'bondherald config check /etc/bondherald/bondherald.yaml': lab(/^\/etc\/bondherald\/bondherald\.yaml: OK\n$/),
  'bondherald config show': lab(/^ {2}schedule: .*# \/etc\/bondherald\/bondherald\.yaml:\d+$/m),
  'bondherald --help': lab(/bondherald announce <bond>/),
  'ip -d -br link show master br0': lab(/^tap1@/m),
  'bridge fdb show br br0': lab(/^52:54:00:00:00:01 dev tap1 /m),
  'bridge fdb show': lab(/^52:54:00:00:00:01 dev tap1 /m),
  'bridge vlan show': lab(/^port +vlan-id/),
  'bridge monitor fdb': lab(NOTHING, { stays: true }),
  'ip neigh show': lab(/^([0-9a-f.:]+ dev \S+ .*[A-Z]+ *\n)*$/),
  'ip -d link show dev bond0': lab(/ bond mode active-backup active_slave up2 miimon 100 updelay 0 /),
  'cat /proc/net/bonding/bond0': lab(/^Currently Active Slave: up2$/m),
  "timeout 20 tcpdump -c 3 -nei up2 'ether broadcast'": lab(/52:54:00:00:00:0\d > ff:ff:ff:ff:ff:ff, .*Reverse/, {
    meanwhile: { when: /listening on up2/, command: 'bondherald announce bond0' },
  }),

  // where the package is installed, in this order; the last one ends the story
  'apt install ./dist/bondherald_*.deb': service(/Setting up bondherald /),
  'journalctl -u bondherald -n 50': service(/ info: ready bonds=1 guests=\d+$/m),
  'journalctl -u bondherald -p warning': service(/-- No entries --/),
  'journalctl -u bondherald --since -15min': service(/ info: starting version=/),
  'systemctl start bondherald': service(NOTHING),
  'systemctl reload bondherald': service(NOTHING),
  'systemctl restart bondherald': service(NOTHING),
  'systemctl status bondherald': service(UNIT),
  'systemctl daemon-reload': service(NOTHING),
  'systemctl edit bondherald': service(/(?:)/),
  'systemctl status ovsdb-server ovs-vswitchd': service(/could not be found/, { exit: 4 }),
  'systemd-analyze security': service(/^bondherald\.service +2\.0 OK/m),
  '/usr/lib/bondherald/systemd/host-access /usr/lib/bondherald/systemd': service(
    /^(with(out)? (libvirt|openvswitch)\n)*$/,
  ),
  'mkdir -p /etc/systemd/system/bondherald.service.d': service(NOTHING),
  'ln -sf /dev/null /etc/systemd/system/bondherald.service.d/50-libvirt.conf': service(NOTHING),
  'apt purge bondherald': service(/Purging configuration files for bondherald/),
  './install.sh': elsewhere('test/lab/service/tarball.service.ts', "'/tmp/unpacked/install.sh'"),
  '/opt/bondherald/uninstall.sh --purge': elsewhere('test/lab/service/tarball.service.ts', "uninstall.sh`, '--purge'"),

  // of a checkout
  'node --test build/test/unit/addr/mac.test.js': { in: 'unit', says: /^# fail 0$|^ℹ fail 0$/m },
  'make help': { in: 'unit', says: /^make service-lab +/m },
  'node lint/house.js': elsewhere('scripts/lint.sh', 'node lint/house.js'),
  'make demo': elsewhere('scripts/service-lab.sh', 'make demo'),
  'make deb': elsewhere('scripts/service-lab.sh', 'scripts/deb.sh'),
  'make rpm': elsewhere('scripts/service-lab.sh', 'scripts/rpm.sh'),
  'make tarball': elsewhere('scripts/service-lab.sh', 'scripts/tarball.sh'),
  'make build': elsewhere('Makefile', 'unit: need-unit compile'),
  'make test': elsewhere('.ci/run', 'make test'),
  'make lint': elsewhere('Makefile', 'test: need-test lint unit'),
  'make unit': elsewhere('Makefile', 'test: need-test lint unit'),
  'make lab': elsewhere('Makefile', 'scripts/lab.sh both'),
  "make lab LAB_ARGS='--jobs 1 build/test/lab/failover.lab.js'": elsewhere(
    'Makefile',
    'scripts/lab.sh one $(LAB_ARGS)',
  ),
  'node build/test/lab/run.js build/test/lab/failover.lab.js': elsewhere(
    'scripts/lab.sh',
    'node build/test/lab/run.js',
  ),
  'node build/test/lab/run.js --world smp2 build/test/lab/recovery.lab.js': elsewhere(
    'scripts/lab.sh',
    'node build/test/lab/run.js --world smp2 build/test/lab/recovery.lab.js',
  ),
  'scripts/libvirt-root.sh 11.3': elsewhere('scripts/libvirt-lab.sh', 'scripts/libvirt-root.sh'),
  'node build/test/lab/run.js --libvirt 11.3 build/test/lab/libvirt/life.libvirt.js': elsewhere(
    'scripts/libvirt-lab.sh',
    'node build/test/lab/run.js --libvirt',
  ),
  'scripts/kernel-root.sh 6.12': elsewhere('Makefile', 'scripts/kernel-root.sh 6.12'),
  'node build/test/lab/run.js --kernel 6.12 build/test/lab/failover.lab.js': elsewhere(
    'scripts/lab.sh',
    'node build/test/lab/run.js --kernel 6.12',
  ),
  'make lab-kernels': { in: 'nowhere', because: 'hours, and what it writes is committed' },
  'make libvirt-lab': { in: 'nowhere', because: 'a quarter of an hour, and three Debians of its own' },
  'make docs': elsewhere('test/unit/metrics/document.test.ts', 'metricsDocument()'),
  'make format': elsewhere('scripts/lint.sh', 'prettier'),
  'make browser': elsewhere('Makefile', 'scripts/browser.sh'),
  'make screenshots': { in: 'nowhere', because: 'what it writes is committed' },
  'make service-lab': { in: 'nowhere', because: 'it is the lab that runs most of these, and cannot run itself' },
  'make bench': { in: 'nowhere', because: 'a quarter of an hour, and what it writes is committed' },
  'make bench BENCH_ARGS=--quick': { in: 'nowhere', because: 'two minutes, and what it writes is committed' },
  'make bench BENCH_ARGS=growth': { in: 'nowhere', because: 'minutes on a machine of its own' },
  'make soak': { in: 'nowhere', because: 'half an hour, and what it writes is committed' },
  "make soak SOAK_ARGS='--minutes 2 soak'": { in: 'nowhere', because: 'minutes; lab tests do the same in seconds' },
  'node build/test/support/record-fixtures.js': { in: 'nowhere', because: 'it writes what other tests read' },
  'node build/test/support/record-ovs.js': { in: 'nowhere', because: 'it writes what other tests read' },
  'make audit': { in: 'nowhere', because: 'it asks a registry, which a test must not need' },
  'make fuzz': { in: 'nowhere', because: 'a minute a target; unit tests run some seconds' },
  "make fuzz FUZZ_ARGS='--seconds 600 netlink frames'": {
    in: 'nowhere',
    because: 'minutes; unit tests run some seconds',
  },
};

/** How the command is run. @throws Error for one that nobody knows how to run */
export function knownCommand(command: string): Run | RunElsewhere | NotRun {
  const known = KNOWN[command];
  if (known) return known;
  throw new Error(`${command}: no test knows how to run this; say so in test/support/documented/known.ts`);
}
