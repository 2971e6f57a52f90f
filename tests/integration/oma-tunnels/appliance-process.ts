import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../stack/probe.js';
import { callAt, firstToken, type Answer, type Call } from '../oma-shell/appliance.js';
import type { OpenSshGround } from '../../stack/openssh-ground.js';
import { freePorts } from '../tunnel/agent.js';
import type { SiteAppliance } from './tunnel-site.js';

const MAIN = fileURLToPath(new URL('../../../apps/oma/dist/main.js', import.meta.url));

const DROP_IN = fileURLToPath(new URL('../../../appliance-image/oma/oma-openssh.conf', import.meta.url));

interface Ready {
  readonly pid: number;
  readonly httpUrl: string;
}

/** The OMA in a process of its own, which sees the accounts of its ground, with the rights that the appliance gives it. */
export class ApplianceProcess implements SiteAppliance {
  private end: (signal: NodeJS.Signals) => Promise<void> = async () => undefined;
  private token: string | null = null;
  url = '';

  private constructor(
    readonly stateDir: string,
    private readonly ground: OpenSshGround,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  static async start(
    ground: OpenSshGround,
    environment: Readonly<Record<string, string>>,
  ): Promise<ApplianceProcess> {
    const stateDir = await mkdtemp(join(tmpdir(), 'oma-'));
    const made = new ApplianceProcess(stateDir, ground, environment);
    await made.begin();
    made.token = await firstToken(made.url, (await readFile(join(stateDir, 'set-up-code'), 'utf8')).trim());
    return made;
  }

  /** With its tunnel over the system's OpenSSH, and no plugins. */
  static async overOpenSsh(ground: OpenSshGround): Promise<ApplianceProcess> {
    const [agentPort = 0, nbdPort = 0] = await freePorts(2);
    return ApplianceProcess.start(ground, {
      OSSEA_TUNNEL_TRANSPORT: 'openssh',
      OSSEA_TUNNEL_OPENSSH_DIR: ground.settings.directory,
      OSSEA_TUNNEL_FIRST_AGENT_PORT: String(agentPort),
      OSSEA_TUNNEL_FIRST_NBD_PORT: String(nbdPort),
      OSSEA_PLUGIN_PACKAGES: '',
    });
  }

  call(path: string, call: Call = {}): Promise<Answer> {
    return callAt(this.url, path, { token: this.token, ...call });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    await rm(this.stateDir, { recursive: true, force: true });
  }

  /** Ends it as a power failure does. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Starts it, again where it has ended, with what it has in its state directory. */
  async begin(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    // as the appliance's unit has it
    const capabilities = /^CapabilityBoundingSet=(CAP_.*)$/m.exec(await readFile(DROP_IN, 'utf8'))?.[1] ?? '';
    const bounds = ['-all', ...capabilities.split(' ').map((name) => `+${name.slice(4).toLowerCase()}`)];
    const { command, args } = this.ground.enter('setpriv', [
      `--bounding-set=${bounds.join(',')}`,
      '--inh-caps=-all',
      '--',
      process.execPath,
      MAIN,
    ]);
    const oma = spawn(command, args, {
      env: {
        PATH: process.env['PATH'],
        OSSEA_STATE_DIR: this.stateDir,
        OSSEA_HTTP_PORT: '0',
        OSSEA_TLS_MODE: 'off',
        OSSEA_TUNNEL_HOST: '127.0.0.1',
        OSSEA_TUNNEL_PORT: '0',
        OSSEA_LOG_LEVEL: 'info',
        ...this.environment,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [oma.stdout, oma.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(oma, 'exit');
    this.end = async (signal) => {
      oma.kill(signal);
      await ended;
    };
    const over = ended.then(() => Promise.reject(new Error(`the OMA has ended: ${said.slice(-2_000)}`)));
    over.catch(() => undefined);
    const isReady = until(
      'the OMA is ready',
      async () => {
        const ready = JSON.parse(await readFile(join(this.stateDir, 'ready.json'), 'utf8')) as Ready;
        return ready.pid === oma.pid ? ready : undefined;
      },
      { timeoutMs: 60_000 },
    );
    this.url = (await Promise.race([isReady, over])).httpUrl;
  }
}
