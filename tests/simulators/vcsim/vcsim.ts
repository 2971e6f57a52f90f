import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createProcessRunner, type RunningProcess } from '@ossea/process';
import { NeverError, until } from '../../stack/probe.js';
import { repositoryRoot } from '../../stack/repository-root.js';
import { sha256Of, vcenterCertificate, type CertificateAndKey } from './certificate.js';
import { VcsimControl } from './control.js';

export interface VcsimOptions {
  /** Machines per cluster, all on and with one disk of 1 MiB: `DC0_C0_RP0_VM0`, …; on an ESXi host `ha-host_VM0`, … */
  readonly vms?: number;
  /** Hosts per cluster: `DC0_C0_H0`, … */
  readonly hosts?: number;
  readonly clusters?: number;
  /** `LocalDS_0`, …; the machines lie on the first. */
  readonly datastores?: number;
  readonly datacenters?: number;
  /** Other beginnings of those names, to see how a client encodes them. */
  readonly datastorePrefix?: string;
  readonly datacenterPrefix?: string;
  /** A single ESXi host instead of a vCenter. */
  readonly esx?: boolean;
  /** Self-signed for `vcenter.test` unless told. */
  readonly certificate?: CertificateAndKey;
  readonly apiVersion?: string;
  /** How many areas one answer of QueryChangedDiskAreas holds; 2000 unless told. */
  readonly maxAreas?: number;
  /** How long the start may take; models of thousands of machines need more. */
  readonly startTimeoutMs?: number;
}

const USERNAME = 'administrator@vsphere.local';
const runner = createProcessRunner();

/** The programs, built when they are not there yet. */
export async function vcsimPrograms(): Promise<{ readonly vcsim: string; readonly govc: string }> {
  // by the repository's root: the build of the tests does not copy this file
  const recipe = pathToFileURL(join(repositoryRoot, 'tests/simulators/vcsim/build.mjs')).href;
  const { ensureVcsim } = (await import(recipe)) as {
    ensureVcsim: () => Promise<{ vcsim: string; govc: string }>;
  };
  return ensureVcsim();
}

/** A vCenter of our own on the loopback, with disks whose content is real; gone with all it made when it is disposed. */
export class Vcsim extends VcsimControl implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly username = USERNAME;

  private constructor(
    control: string,
    readonly port: number,
    readonly password: string,
    /** Of its certificate; `AA:BB:…`. */
    readonly sha256: string,
    readonly certPem: string,
    readonly pid: number,
    private readonly directory: string,
    private readonly child: RunningProcess,
  ) {
    super(control);
  }

  static async start(options: VcsimOptions = {}): Promise<Vcsim> {
    const { vcsim } = await vcsimPrograms();
    const directory = await mkdtemp(join(tmpdir(), 'vcsim-'));
    let child: RunningProcess | undefined;
    try {
      const password = randomBytes(12).toString('base64url');
      const certificate = options.certificate ?? (await vcenterCertificate(directory, runner));
      const file = (name: string) => join(directory, name);
      const contents = {
        'cert.pem': certificate.certPem,
        'key.pem': certificate.keyPem,
        username: USERNAME,
        password,
        ready: '',
      };
      for (const [name, content] of Object.entries(contents))
        await writeFile(file(name), content, { mode: 0o600 });
      await mkdir(file('tmp'));
      child = await runner.start(
        {
          command: vcsim,
          // vcsim reads a file where it is given one instead of a name
          args: [
            ...['-l', '127.0.0.1:0', '-E', file('ready')],
            ...['-username', file('username'), '-password', file('password')],
            ...['-tlscert', file('cert.pem'), '-tlskey', file('key.pem')],
            ...model(options),
          ],
          name: 'vcsim',
          env: { TMPDIR: file('tmp'), VCSIM_CONTROL: '127.0.0.1:0', ...environment(options) },
          readyWhen: 'spawned',
        },
        { signal: new AbortController().signal },
      );
      const { port, controlUrl } = await addresses(file('ready'), child, options.startTimeoutMs);
      const sha256 = sha256Of(certificate.certPem);
      const { certPem } = certificate;
      return new Vcsim(controlUrl, port, password, sha256, certPem, child.pid, directory, child);
    } catch (error) {
      await child?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get url(): string {
    return `https://${this.host}:${this.port}`;
  }

  /** Where the files of a datastore lie; of the first datacenter's, if several have one of that name. */
  async datastoreDir(name = 'LocalDS_0'): Promise<string> {
    const names = (await readdir(join(this.directory, 'tmp'))).sort();
    const found = names.find((entry) => entry.startsWith('govcsim-') && entry.includes(`-${name}-`));
    if (!found) throw new Error(`There is no datastore ${name} among ${names.join(', ')}.`);
    return join(this.directory, 'tmp', found);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function model(options: VcsimOptions): string[] {
  const { vms = 1, datastores = 1, esx = false, apiVersion } = options;
  const flags: [string, number | string][] = [
    ['-vm', vms],
    ['-ds', datastores],
  ];
  if (apiVersion) flags.push(['-api-version', apiVersion]);
  if (!esx)
    flags.push(
      ['-dc', options.datacenters ?? 1],
      ['-cluster', options.clusters ?? 1],
      ['-host', options.hosts ?? 1],
      // its machines would double the number that was asked for
      ['-standalone-host', 0],
    );
  return [...flags.flat().map(String), ...(esx ? ['-esx'] : [])];
}

function environment({ maxAreas, datastorePrefix, datacenterPrefix }: VcsimOptions): Record<string, string> {
  return {
    ...(maxAreas && { VCSIM_CBT_MAX_AREAS: String(maxAreas) }),
    ...(datastorePrefix && { VCSIM_DATASTORE_PREFIX: datastorePrefix }),
    ...(datacenterPrefix && { VCSIM_DATACENTER_PREFIX: datacenterPrefix }),
  };
}

/** Waits for the line that vcsim writes when it listens. */
async function addresses(
  file: string,
  child: RunningProcess,
  timeoutMs = 60_000,
): Promise<{ port: number; controlUrl: string }> {
  let ended = false;
  void child.exited.then(() => (ended = true));
  const line = await until(
    'vcsim listens',
    async () => {
      if (ended) throw new NeverError(`vcsim ended before it listened: ${child.stderrTail()}`);
      return /GOVC_URL=(\S+) .*VCSIM_CONTROL_URL=(\S+)\n/.exec(await readFile(file, 'utf8'));
    },
    { timeoutMs, everyMs: 25 },
  );
  return { port: Number(new URL(line[1]!).port), controlUrl: line[2]! };
}
