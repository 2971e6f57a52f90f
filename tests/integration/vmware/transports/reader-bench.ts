import { createHash, X509Certificate } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asMigrationError } from '@ossea/errors';
import type { BlockEndpoint, Lease, PluginContext, RunningProcess } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import type {
  DiskTransport,
  SnapshotDisk,
  TransportHost,
} from '../../../../plugins/vmware/src/transports/index.js';

export const run = createProcessRunner();
export const signal = new AbortController().signal;
export const call = { signal };
export const MIB = 1024 ** 2;
/** Stands nowhere but in the file of the lease: the tests look for it everywhere else. */
export const PASSWORD = 'pa55 w0rd-of-the-bench';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly details: string;
}

/** A directory as a connection has it, a runner whose children see some more environment, and what was logged. */
export interface Bench extends AsyncDisposable {
  readonly scratchDir: string;
  readonly context: PluginContext;
  readonly log: LogLine[];
  /** Long-lived children in the order of their start. */
  readonly started: { readonly args: readonly string[]; readonly process: RunningProcess }[];
  /** What is left in the directory of running readers. */
  leftovers(): Promise<string[]>;
}

export async function openBench(env: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const scratchDir = await mkdtemp(join(tmpdir(), 'vr-'));
  const log: LogLine[] = [];
  const started: { args: readonly string[]; process: RunningProcess }[] = [];
  const say =
    (level: string) =>
    (message: string, details?: object): void => {
      log.push({ level, message, details: JSON.stringify(details ?? {}) });
    };
  return {
    scratchDir,
    log,
    started,
    context: {
      scratchDir,
      log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
      run: {
        exec: (spec, options) => run.exec(spec, options),
        start: async (spec, options) => {
          const process = await run.start({ ...spec, env: { ...spec.env, ...env } }, options);
          started.push({ args: spec.args, process });
          return process;
        },
      },
    },
    leftovers: async () => readdir(join(scratchDir, 'n')).catch(() => []),
    [Symbol.asyncDispose]: async () => rm(scratchDir, { recursive: true, force: true }),
  };
}

/** A vCenter as its session knows it. */
export function hostOf(
  bench: Bench,
  certificatePem: string,
  more: Partial<TransportHost> = {},
): TransportHost {
  const x509 = new X509Certificate(certificatePem);
  return {
    context: bench.context,
    host: '127.0.0.1',
    port: 443,
    username: 'ossea@vsphere.local',
    password: PASSWORD,
    viaVcenter: true,
    certificate: {
      pem: certificatePem,
      sha1: x509.fingerprint,
      sha256: x509.fingerprint256,
      names: (x509.subjectAltName ?? '')
        .split(', ')
        .map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
        .filter(Boolean),
    },
    cookie: () => 'vmware_soap_session="first"',
    onLogin: () => () => undefined,
    keepAlive: async () => undefined,
    ...more,
  };
}

export function snapshotDisk(more: Partial<SnapshotDisk> = {}): SnapshotDisk {
  return {
    vm: 'vm-51',
    snapshot: 'snapshot-70',
    key: '2000',
    label: 'Hard disk 1',
    sizeBytes: 8 * MIB,
    fileName: '[LocalDS_0] vm1/disk1.vmdk',
    datastore: { name: 'LocalDS_0', type: 'VMFS', datacenterPath: 'DC0' },
    backingType: 'VirtualDiskFlatVer2BackingInfo',
    hasParent: false,
    encrypted: false,
    ...more,
  };
}

export function transportOf(transports: readonly DiskTransport[], id: string): DiskTransport {
  const found = transports.find((transport) => transport.id === id);
  if (!found) throw new Error(`no transport ${id}`);
  return found;
}

export function uriOf({ value }: Lease<BlockEndpoint>): string {
  if (value.transport !== 'nbd-unix') throw new Error('a Unix socket was expected');
  return `nbd+unix:///${value.exportName}?socket=${value.path}`;
}

/** SHA-256 of everything that the reader gives. */
export async function contentOf(lease: Lease<BlockEndpoint>, connections = 1): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'vr-'));
  try {
    const copy = join(directory, 'copy.raw');
    const args = ['--connections', String(connections), uriOf(lease), copy];
    await run.exec({ command: 'nbdcopy', args }, call);
    return await hashOf(copy);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What was thrown, as the job would see it. */
export async function errorOf(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    return asMigrationError(error);
  }
  throw new Error('an error was expected');
}

/** Command lines and environments of all processes that we may look at. */
export async function everyProcess(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.join('\n');
}

export async function makeDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return path;
}
