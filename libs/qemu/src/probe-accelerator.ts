import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessRunner } from '@ossea/process';
import type { Accelerator } from './machine-definition.js';
import { QmpClient } from './qmp-client.js';

/** A machine that KVM cannot run ends in its first instructions, well within this. */
const OBSERVATION_MS = 700;
const PROBE_TIMEOUT_MS = 10_000;

const probes = new WeakMap<ProcessRunner, Promise<Accelerator>>();

/**
 * What machines can really run on: KVM when a machine that was started on it goes on running, else TCG. That
 * /dev/kvm opens proves nothing: on nested hosts KVM can abort at the first instruction. Asked once per runner.
 */
export function probeAccelerator(runner: ProcessRunner): Promise<Accelerator> {
  let probe = probes.get(runner);
  if (!probe) {
    probe = kvmRuns(runner).then((runs) => (runs ? 'kvm' : 'tcg'));
    probes.set(runner, probe);
  }
  return probe;
}

async function kvmRuns(runner: ProcessRunner): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'kvm-'));
  const socket = join(directory, 's');
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    await using machine = await runner.start(
      {
        command: 'qemu-system-x86_64',
        args: [
          ...['-machine', 'pc,accel=kvm', '-cpu', 'host', '-m', '32M', '-nodefaults', '-no-user-config'],
          ...['-display', 'none', '-chardev', `socket,id=qmp,path=${socket},server=on,wait=off`],
          ...['-mon', 'chardev=qmp,mode=control'],
        ],
        name: 'probe of KVM',
        readyWhen: { socket },
      },
      { signal },
    );
    let timer: NodeJS.Timeout | undefined;
    const ended = await Promise.race([
      machine.exited.then(() => true),
      new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), OBSERVATION_MS))),
    ]);
    clearTimeout(timer);
    if (ended) return false;
    await using qmp = await QmpClient.connect(socket, { signal });
    return (
      (await qmp.execute<{ status: string }>('query-status', undefined, { signal })).status === 'running'
    );
  } catch {
    // whatever stops it from running means that it does not run
    return false;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
