import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Discovery, PluginContext, SetUpFinding } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { CloudstackClient } from '../../../plugins/cloudstack/src/client/index.js';
import { normalizeApiUrl } from '../../../plugins/cloudstack/src/settings.js';
import { guidedSetUp } from '../../../plugins/cloudstack/src/set-up/index.js';
import { CloudstackSimulator } from '../../simulators/cloudstack/cloudstack-simulator.js';
import type { PartialSettings } from '../../simulators/cloudstack/settings.js';

const call = { signal: new AbortController().signal };
type Whose = keyof CloudstackSimulator['keys'];

/** A simulated CloudStack, and the set-up of a connection to it. */
export class SetUpBench implements AsyncDisposable {
  readonly logged: string[] = [];

  private constructor(
    private readonly directory: string,
    readonly simulator: CloudstackSimulator,
  ) {}

  static async start(settings: PartialSettings = {}): Promise<SetUpBench> {
    const directory = await mkdtemp(join(tmpdir(), 'su-'));
    const simulator = await CloudstackSimulator.start({ directory, runner: createProcessRunner(), settings });
    return new SetUpBench(directory, simulator);
  }

  credentials(whose: Whose = 'user') {
    const { url, keys, deviceDir, sysDir } = this.simulator;
    return { apiUrl: url, ...keys[whose], hostPaths: { deviceDir, sysDir } };
  }

  selection(more: object = {}) {
    const { ids, applianceVmId } = this.simulator;
    return {
      zoneId: ids.zone,
      applianceVmId,
      templateId: ids.template,
      serviceOfferingId: ids.customOffering,
      diskOfferingId: ids.customDiskOffering,
      networkId: ids.production,
      testNetworkOfferingId: ids.isolatedNetworkOffering,
      ...more,
    };
  }

  /** A client as a session has it, that looks at jobs often. */
  client(whose: Whose = 'user', more: object = {}): CloudstackClient {
    const { url, keys } = this.simulator;
    return new CloudstackClient({
      apiUrl: normalizeApiUrl(url),
      ...keys[whose],
      pollDelaysMs: [5, 10, 20, 50],
      ...more,
    });
  }

  discover(whose?: Whose): Promise<Discovery> {
    return guidedSetUp.discover(this.credentials(whose), this.context, call);
  }

  validate(more: object = {}, whose?: Whose): Promise<readonly SetUpFinding[]> {
    const given = { credentials: this.credentials(whose), selection: this.selection(more) };
    return guidedSetUp.validate(given, this.context, call);
  }

  /** Volumes that neither the appliance nor anybody else began with. */
  get trialVolumes(): string[] {
    return this.simulator
      .inventory()
      .volumes.filter(({ type }) => type !== 'ROOT')
      .map(({ name }) => name);
  }

  private get context(): PluginContext {
    const note = (message: string, context?: object) =>
      void this.logged.push(`${message} ${JSON.stringify(context)}`);
    const log = { debug: note, info: note, warn: note, error: note };
    return { log, scratchDir: this.directory, run: createProcessRunner() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulator[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Checks and outcomes of everything that has not passed. */
export function notPassed(findings: readonly SetUpFinding[]): Record<string, string> {
  return Object.fromEntries(
    findings.filter(({ outcome }) => outcome !== 'pass').map(({ check, outcome }) => [check, outcome]),
  );
}
