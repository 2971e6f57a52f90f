import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readGuestConsole, type GuestConsole, type GuestImages } from '../../stack/guest/index.js';
import { until } from '../../stack/probe.js';

export interface RunningGuest {
  /** What it has said so far, as long as it runs; throws when QEMU has ended. */
  console(): Promise<GuestConsole>;
  pressPowerButton(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Its last words, after it has ended by itself. */
  ended(): Promise<GuestConsole>;
}

/** Starts QEMU by hand, without any code of the product: the guest and the checker are the tests' own witnesses. */
export async function runGuest(images: GuestImages, directory: string): Promise<RunningGuest> {
  const log = join(directory, 'serial.log');
  const qmp = join(directory, 'qmp');
  await rm(log, { force: true });
  const disks = Object.entries({ vda: images.vda, vdb: images.vdb }).flatMap(([name, file], index) => [
    '-blockdev',
    `driver=qcow2,node-name=${name},file.driver=file,file.filename=${file}`,
    '-device',
    `virtio-blk-pci,drive=${name},bootindex=${index + 1}`,
  ]);
  const args = ['-machine', 'pc,accel=tcg', '-m', '256', '-nodefaults', '-display', 'none', ...disks];
  args.push('-serial', `file:${log}`, '-qmp', `unix:${qmp},server=on,wait=off`);
  const qemu: ChildProcess = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const read = async (): Promise<GuestConsole> => readGuestConsole(await readFile(log, 'utf8'));
  return {
    async console() {
      if (qemu.exitCode !== null || qemu.signalCode !== null) throw new Error('QEMU has ended');
      return read();
    },
    async pressPowerButton() {
      const socket = connect(qmp);
      await once(socket, 'connect');
      socket.write('{"execute":"qmp_capabilities"}\n{"execute":"system_powerdown"}\n');
      // the second empty return says that the button was pressed
      let answers = '';
      socket.setEncoding('utf8').on('data', (data: string) => (answers += data));
      await until('QEMU pressed the button', () => answers.split('"return"').length > 2);
      socket.destroy();
    },
    async kill() {
      if (qemu.exitCode !== null || qemu.signalCode !== null) return;
      qemu.kill('SIGKILL');
      await once(qemu, 'exit');
    },
    async ended() {
      await until('the guest has powered itself off', () => qemu.exitCode !== null, { timeoutMs: 60_000 });
      return read();
    },
  };
}
