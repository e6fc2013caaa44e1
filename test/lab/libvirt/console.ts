import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { until } from '../../support/until.js';

/** A guest starts a whole Linux in an emulator. */
const BOOT_MS = 120_000;

/** The shell on a guest's serial line, which is a socket here. */
export class Console {
  private text = '';
  private asked = 0;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.text += text));
  }

  /** Connects, and waits until the shell answers. */
  static async open(path: string): Promise<Console> {
    const socket = connect(path);
    await once(socket, 'connect');
    const console = new Console(socket);
    await until(
      () =>
        console.run('true', 2000).then(
          () => true,
          () => false,
        ),
      {
        what: `the shell of a guest answers at ${path}`,
        timeout: BOOT_MS,
      },
    );
    return console;
  }

  /** Runs a command in the guest. @returns what it prints @throws Error when it fails, or is not done in `timeout` ms */
  async run(command: string, timeout = 30_000): Promise<string> {
    const mark = `done-${++this.asked}`;
    this.text = '';
    this.socket.write(`${command}; echo ${mark}=$?\n`);
    const pattern = new RegExp(`^([^]*)${mark}=(\\d+)`);
    const [, said = '', status] = await until(() => pattern.exec(this.text), { what: `${command}: ${mark}`, timeout });
    if (status !== '0') throw new Error(`${command} in the guest: ${said}`);
    return said;
  }

  close(): void {
    this.socket.destroy();
  }
}
