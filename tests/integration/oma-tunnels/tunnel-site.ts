import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PairingCode, Vma, VmaList } from '@ossea/api-contract';
import type { OmaConfigInput } from '../../../apps/oma/src/config/config.schema.js';
import { parseConfig } from '../../../apps/vma/src/config/load-config.js';
import type { VmaConfigInput } from '../../../apps/vma/src/config/config.schema.js';
import {
  StateFiles,
  enrol,
  startVma,
  type Enrolled,
  type RunningVma,
} from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { Appliance, type Answer, type Call, type Engine } from '../oma-shell/appliance.js';

/** A VMA in this process: its own state, its own key, the real agent. */
export interface SiteVma {
  readonly config: VmaConfigInput;
  readonly running: RunningVma;
}

export interface EnrolledVma extends SiteVma {
  readonly id: string;
  readonly fingerprint: string;
}

/** The OMA as these tests see it, wherever it runs. */
export interface SiteAppliance extends AsyncDisposable {
  readonly url: string;
  readonly stateDir: string;
  call(path: string, call?: Call): Promise<Answer>;
}

/** A whole OMA with its tunnel server in a process of its own, and VMAs around it, on loopback. */
export class TunnelSite implements AsyncDisposable {
  private readonly ends: (() => Promise<unknown> | unknown)[] = [];

  private constructor(
    readonly appliance: SiteAppliance,
    /** Where VMAs dial in. */
    readonly port: number,
  ) {}

  static async start(config: Partial<OmaConfigInput> = {}, engine: Engine = 'sqlite'): Promise<TunnelSite> {
    return TunnelSite.around(await Appliance.start({ config, engine }));
  }

  static async around(appliance: SiteAppliance): Promise<TunnelSite> {
    const ready = JSON.parse(await readFile(join(appliance.stateDir, 'ready.json'), 'utf8')) as {
      readonly tunnelPort: number;
    };
    return new TunnelSite(appliance, ready.tunnelPort);
  }

  /** Ends something before the appliance ends; the last one first. */
  later(end: () => Promise<unknown> | unknown): void {
    this.ends.unshift(end);
  }

  async pairingCode(name?: string): Promise<PairingCode> {
    const { status, body } = await this.appliance.call('admin/vma/pairing-code', {
      body: name === undefined ? {} : { name },
    });
    if (status !== 201) throw new Error(`pairing-code answered ${status}: ${JSON.stringify(body)}`);
    return PairingCode.parse(body);
  }

  async vmas(): Promise<Vma[]> {
    return VmaList.parse((await this.appliance.call('admin/vma')).body).items;
  }

  async vma(id: string): Promise<Vma> {
    const found = (await this.vmas()).find((vma) => vma.id === id);
    if (!found) throw new Error(`the OMA does not list ${id}`);
    return found;
  }

  decide(what: 'approve' | 'reject' | 'revoke', id: string, fingerprint?: string) {
    return this.appliance.call(`admin/vma/${what}/${id}`, {
      method: what === 'revoke' ? 'DELETE' : 'POST',
      ...(fingerprint === undefined ? {} : { body: { fingerprint } }),
    });
  }

  /** A VMA that is not enrolled yet. */
  async startVma(more: Partial<VmaConfigInput> = {}): Promise<SiteVma> {
    const stateDir = await mkdtemp(join(tmpdir(), 'vma-'));
    const config: VmaConfigInput = {
      stateDir,
      oma: { host: '127.0.0.1', port: this.port },
      api: { port: 0 },
      plugins: { packages: [] },
      log: { level: 'silent' },
      ...more,
    };
    const running = await startVma(config);
    this.later(async () => {
      await running[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    });
    return { config, running };
  }

  /** Sends a pairing code as the VMA's `enrol` command does. */
  async enrol({ config }: SiteVma, code: string, hostKeyFingerprint: string): Promise<Enrolled> {
    return enrol(
      parseConfig(config),
      new StateFiles(config.stateDir),
      { code, hostKeyFingerprint, name: 'a VMA' },
      AbortSignal.timeout(15_000),
    );
  }

  /** A VMA that is enrolled, approved and connected. */
  async connectedVma(more: Partial<VmaConfigInput> = {}): Promise<EnrolledVma> {
    const vma = await this.startVma(more);
    const { code, hostKeyFingerprint } = await this.pairingCode();
    const { vmaId, fingerprint } = await this.enrol(vma, code, hostKeyFingerprint);
    const { status, body } = await this.decide('approve', vmaId, fingerprint);
    if (status !== 200) throw new Error(`approve answered ${status}: ${JSON.stringify(body)}`);
    await this.connected(vmaId);
    return { ...vma, id: vmaId, fingerprint };
  }

  /** Comes back when the OMA says that the VMA is connected. */
  connected(id: string): Promise<Vma> {
    return until(`${id} is connected`, async () => {
      const vma = await this.vma(id);
      return vma.connected ? vma : undefined;
    });
  }

  /** The tunnel server's process, as the system shows it: a child of the OMA. */
  async serverPid(): Promise<number> {
    const told = await readFile(join(this.appliance.stateDir, 'ready.json'), 'utf8');
    const omaPid = (JSON.parse(told) as { readonly pid: number }).pid;
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const read = (name: string) => readFile(`/proc/${entry}/${name}`, 'utf8').catch(() => '');
      if (!(await read('cmdline')).includes('tunnel-server.process')) continue;
      const stat = await read('stat');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(parent) === omaPid && state !== 'Z') return Number(entry);
    }
    throw new Error('there is no tunnel server');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.ends) await end();
    await this.appliance[Symbol.asyncDispose]();
  }
}

/** Whether something takes connections there. */
export function accepts(where: net.NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(where);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
