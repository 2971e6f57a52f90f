import { rm } from 'node:fs/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  SetUpDiscovery,
  SetUpFinding,
  type Connection,
  type DiscoverAll,
  type Job,
  type SaveSetUp,
  type TargetSetUp,
  type SetUpValidation,
  type ValidateSetUp,
} from '@ossea/api-contract';
import { MigrationError, SecretScrubber, isMigrationError, withDeadline } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { GuidedSetUp, PluginContext } from '@ossea/plugin-sdk';
import { z } from 'zod';
import { newId } from '../database/new-id.js';
import type { Caller } from '../http/caller.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobLeases } from '../jobs/job-leases.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ConnectionSettings, parseSettings } from './connection-settings.js';
import { ConnectionsService } from './connections.service.js';
import { PluginContexts } from './plugin-contexts.js';
import { SetUpDrafts } from './set-up-drafts.js';

const KIND = 'validate-set-up';
/** A cloud lists thousands of things in less; one that says nothing for longer is not there. */
const DISCOVER_MS = 120_000;

/** What is kept of a set-up under way, and the plugins that lead through it. */
@Injectable()
export class SetUpParts {
  constructor(
    readonly registry: PluginRegistry,
    readonly contexts: PluginContexts,
    readonly settings: ConnectionSettings,
    readonly drafts: SetUpDrafts,
  ) {}
}

/** The set-up of a target in three steps: discover, choose and validate, save. Every plugin that leads through one has it. */
@Injectable()
export class SetUps implements OnModuleInit {
  constructor(
    private readonly parts: SetUpParts,
    private readonly connections: ConnectionsService,
    private readonly jobs: JobsService,
    private readonly leases: JobLeases,
  ) {}

  onModuleInit(): void {
    // a validation takes away what it made, and what an earlier one could not: it may simply run again
    this.leases.registerResumer(KIND, (job) => this.runValidation(job));
  }

  /**
   * Looks at everything the account can see. The credentials are sealed and need not be entered again.
   * Throws `plugin.unsupported`, `config.invalid`, `request.not-found`, and what the plugin throws where nothing can
   * be found at all.
   */
  discoverAll(pluginId: string, wanted: DiscoverAll, signal: AbortSignal): Promise<TargetSetUp> {
    return this.parts.settings.sealing(() => this.discoverSealed(pluginId, wanted, signal));
  }

  private async discoverSealed(
    pluginId: string,
    wanted: DiscoverAll,
    signal: AbortSignal,
  ): Promise<TargetSetUp> {
    const setUp = this.setUpOf(pluginId);
    const { drafts, settings } = this.parts;
    const stored = wanted.setUpId === undefined ? undefined : await drafts.get(pluginId, wanted.setUpId);
    const id = stored?.id ?? newId('set');
    const identity = { id, kind: 'target', pluginId } as const;
    const sealed = settings.sealed(identity, wanted.credentials, stored, setUp.credentials);
    const opened = settings.opened({ ...identity, ...sealed });
    const discovery = await this.withPlugin(pluginId, id, opened.secrets, (context) =>
      within(DISCOVER_MS, signal, (limited) => setUp.discover(opened.settings, context, { signal: limited })),
    );
    // a plugin's answer is a stranger's: it goes into a column and out to browsers
    return drafts.view(await drafts.put(id, pluginId, sealed, SetUpDiscovery.parse(discovery)));
  }

  async get(pluginId: string, id: string): Promise<TargetSetUp> {
    return this.parts.drafts.view(await this.parts.drafts.get(pluginId, id));
  }

  /** Tries a selection as a job. Throws `request.not-found`, `config.invalid`, and `request.conflict` while one runs. */
  async validate(pluginId: string, wanted: ValidateSetUp, caller: Caller): Promise<Job> {
    const setUp = this.setUpOf(pluginId);
    const { id } = await this.parts.drafts.get(pluginId, wanted.setUpId);
    const selection = parseSettings(setUp.selection, wanted.selection, '/selection');
    return this.jobs.start(KIND, {
      category: 'system',
      correlationId: caller.correlationId,
      requestedBy: caller.name,
      lane: id,
      input: { pluginId, setUpId: id, selection },
      run: (job) => this.runValidation(job),
    });
  }

  /** Throws `request.conflict` unless the last validation found nothing that fails; else as `connections.create` does. */
  async save(pluginId: string, { setUpId, name }: SaveSetUp, caller: Caller): Promise<Connection> {
    const setUp = this.setUpOf(pluginId);
    const { drafts } = this.parts;
    const draft = await drafts.get(pluginId, setUpId);
    const { validation } = draft;
    if (!validation || validation.overall === 'fail')
      throw new MigrationError(
        'request.conflict',
        validation ? 'The last validation found what fails.' : 'The selection was not validated yet.',
        { context: { setUp: setUpId } },
      );
    const { settings } = drafts.opened(draft);
    const whole = setUp.settingsOf(settings, validation.selection) as Record<string, unknown>;
    const connection = await this.connections.create(
      { name, kind: 'target', pluginId, settings: whole },
      caller,
    );
    await drafts.saved(draft, connection.id);
    return connection;
  }

  private async runValidation(job: JobHandle): Promise<object> {
    const { pluginId, setUpId, selection } = validationInput.parse(job.input);
    const { drafts } = this.parts;
    const setUp = this.setUpOf(pluginId);
    const draft = await drafts.get(pluginId, setUpId);
    const { settings, secrets } = drafts.opened(draft);
    const given = { credentials: settings, selection };
    const findings = await job.step({ name: 'try-selection', label: 'Trying the selection for real' }, () =>
      this.withPlugin(pluginId, setUpId, secrets, (context) =>
        setUp.validate(given, context, { signal: job.signal }),
      ),
    );
    const validation: SetUpValidation = {
      selection,
      overall: overallOf(findings),
      findings: z.array(SetUpFinding).parse(findings),
      validatedAt: new Date().toISOString(),
      jobId: job.id,
    };
    await drafts.note(draft, validation);
    return { overall: validation.overall, findings: validation.findings };
  }

  /** Runs a call of the plugin; what it throws is rid of the secrets that it may quote. */
  private async withPlugin<T>(
    pluginId: string,
    name: string,
    secrets: readonly string[],
    call: (context: PluginContext) => Promise<T>,
  ): Promise<T> {
    const scrubber = new SecretScrubber(secrets);
    const context = await this.parts.contexts.of(pluginId, name, scrubber);
    try {
      return await call(context);
    } catch (error) {
      throw scrubber.error(error);
    } finally {
      await rm(context.scratchDir, { recursive: true, force: true });
    }
  }

  private setUpOf(pluginId: string): GuidedSetUp {
    const { setUp } = this.parts.registry.get(pluginId, 'target');
    if (setUp) return setUp;
    throw new MigrationError(
      'plugin.unsupported',
      `"${pluginId}" has no set-up in steps: make a connection.`,
    );
  }
}

const validationInput = z.object({
  pluginId: z.string(),
  setUpId: z.string(),
  selection: z.record(z.string(), z.unknown()),
});

/** A check that could not be made is something to know about, but it has not failed. */
function overallOf(findings: readonly { readonly outcome: string }[]): SetUpValidation['overall'] {
  const has = (outcome: string) => findings.some((finding) => finding.outcome === outcome);
  if (has('fail')) return 'fail';
  return has('warning') || has('skipped') ? 'warning' : 'pass';
}

/** Gives a call a time limit beside its signal; over it, the endpoint counts as unreachable. */
function within<T>(
  timeoutMs: number,
  stop: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline(stop, timeoutMs, async ({ signal, isOver }) => {
    try {
      return await call(signal);
    } catch (error) {
      if (!isOver() || !isMigrationError(error) || error.code !== 'call.aborted') throw error;
      throw new MigrationError('peer.unreachable', `No answer within ${timeoutMs / 1_000} s.`);
    }
  });
}
