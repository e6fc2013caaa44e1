import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run-program.js';

/** Debian's archive, as this machine's apt knows it: its own release, or another one with lists of their own. */
export class Archive {
  /** @param options for apt-get and apt-cache, by which they know another release */
  constructor(private readonly options: readonly string[] = []) {}

  /**
   * Another release, from the same address. Nothing of this machine's own lists changes.
   * @param suite for example bullseye or trixie-backports
   * @param folder for its lists
   */
  static of(suite: string, folder: string): Archive {
    const target = [
      'indextargets',
      '--format',
      '$(REPO_URI)',
      'Identifier: Packages',
      'Origin: Debian',
      'Label: Debian',
    ];
    const [from = ''] = run('apt-get', target).split('\n');
    if (from === '')
      throw new Error("apt knows no archive of Debian's: apt-get update, or check /etc/apt/sources.list");
    for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true });
    const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
    writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${keys}] ${from} ${suite} main\n`);
    const settings = {
      'Dir::Etc::SourceList': join(folder, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::State::Lists': join(folder, 'lists'),
      'Dir::Cache': join(folder, 'cache'),
    };
    const archive = new Archive(Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]));
    run('apt-get', [...archive.options, 'update', '-qq']);
    return archive;
  }

  /** The packages that a package depends on, by way of others too, whose names match. */
  dependencies(name: string, wanted: RegExp): string[] {
    const find = (): string[] =>
      run('apt-cache', [...this.options, 'depends', '--recurse', '--important', name])
        .split('\n')
        .filter((line) => wanted.test(line));
    const found = find();
    if (found.length > 0) return found;
    run('apt-get', [...this.options, 'update', '-qq']);
    return find();
  }

  /** Fetches packages into a folder; nothing is installed. */
  download(packages: readonly string[], folder: string): void {
    run('apt-get', [...this.options, 'download', '-qq', ...packages], folder);
  }
}
