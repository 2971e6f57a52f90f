import { Injectable } from '@nestjs/common';
import type { AddedVms, AddVms, Job } from '@ossea/api-contract';
import { MigrationError, fromProblem, toProblem } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { Finding, SourceSession } from '@ossea/plugin-sdk';
import { DataSource, In } from 'typeorm';
import { Connection } from '../connections/connection.entity.js';
import { ConnectionSessions } from '../connections/connection-sessions.js';
import { parseSettings } from '../connections/connection-settings.js';
import type { Caller } from '../http/caller.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ContextViews } from './context-views.js';
import { ManagedVms } from './managed-vms.js';
import { VmContext } from './vm-context.entity.js';

/** A client that waits for an answer gets it within this time; the job goes on. */
const ANSWER_MS = 55_000;

type Failed = AddedVms['failed'][number];

/** What is known of each VM so far. */
interface Outcome {
  readonly added: Map<string, string>;
  readonly failed: Map<string, Failed['problem']>;
}

interface Addition {
  readonly vmIds: readonly string[];
  readonly sourceConnectionId: string;
  readonly targetConnectionId: string;
  readonly vmaId: string | null;
  /** Checked by the target plugin's own schema, defaults filled in. */
  readonly placement: Record<string, unknown>;
}

/** Takes machines under management, without replicating them. */
@Injectable()
export class VmAdditions {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: ConnectionSessions,
    private readonly registry: PluginRegistry,
    private readonly jobs: JobsService,
    private readonly managed: ManagedVms,
    private readonly views: ContextViews,
  ) {}

  /**
   * Adds machines in one job, and waits for it. One that fails does not stop the others; what takes too long goes on
   * after the answer, which says so.
   * Throws what concerns all of them: an unknown connection, a placement that the target's schema refuses, a source
   * or a target that cannot be reached.
   */
  async add(wanted: AddVms, caller: Caller): Promise<AddedVms> {
    const addition = await this.checked(wanted);
    const outcome: Outcome = { added: new Map(), failed: new Map() };
    const job = await this.jobs.start('add-vms', {
      category: 'discovery',
      lane: null,
      correlationId: caller.correlationId,
      requestedBy: caller.name,
      input: { connectionId: wanted.connectionId, vmIds: addition.vmIds },
      run: (handle) => this.addAll(addition, outcome, handle),
    });
    const seen = await this.jobs.waitFor(job.id, ANSWER_MS);
    if (seen.problem) throw fromProblem(seen.problem);
    return this.answer(addition, outcome, seen);
  }

  private async checked(wanted: AddVms): Promise<Addition> {
    const { connectionId, targetConnectionId } = wanted;
    const source = await this.connection(connectionId, 'source');
    const target = await this.connection(targetConnectionId, 'target');
    const plugin = this.registry.get(target.pluginId, 'target');
    return {
      vmIds: [...new Set(wanted.vmIds)],
      sourceConnectionId: connectionId,
      targetConnectionId,
      vmaId: source.vmaId,
      placement: parseSettings(plugin.placement, wanted.placement, '/placement'),
    };
  }

  private async connection(id: string, kind: 'source' | 'target'): Promise<Connection> {
    const row = await this.database.getRepository(Connection).findOneBy({ id });
    if (row?.kind !== kind)
      throw new MigrationError('request.not-found', `There is no such ${kind} connection.`, {
        context: { connection: id },
      });
    return row;
  }

  private async addAll(addition: Addition, outcome: Outcome, job: JobHandle): Promise<object> {
    const { signal } = job;
    const source = await this.sessions.source(addition.sourceConnectionId, { signal });
    const target = await this.sessions.target(addition.targetConnectionId, { signal });
    const findings = await target.catalog.validate(addition.placement, { signal });
    const blocker = findings.find(({ severity }) => severity === 'blocker');
    for (const [index, vmId] of addition.vmIds.entries()) {
      try {
        const step = { name: `add-${index + 1}`, label: `Adding the machine ${vmId}` };
        const id = await job.step(step, () => this.addOne(addition, vmId, { source, blocker }, job));
        outcome.added.set(vmId, id);
      } catch (error) {
        job.assertOwned();
        if (signal.aborted) throw error;
        outcome.failed.set(vmId, toProblem(error, job.correlationId));
      }
      job.progress({ percent: ((index + 1) * 100) / addition.vmIds.length });
    }
    return {
      added: [...outcome.added.values()],
      failed: [...outcome.failed].map(([vmId, problem]) => ({ vmId, problem })),
    };
  }

  private async addOne(
    { vmIds: _, ...links }: Addition,
    vmId: string,
    { source, blocker }: { readonly source: SourceSession; readonly blocker: Finding | undefined },
    { signal, correlationId }: JobHandle,
  ): Promise<string> {
    const vm = await source.inventory.describe(vmId, { signal });
    if (vm.id !== vmId)
      throw new MigrationError('plugin.broken-contract', 'The source described another machine.', {
        context: { vm: vmId },
      });
    if (blocker)
      throw new MigrationError('config.invalid', `${blocker.message} ${blocker.remedy}`, {
        context: { finding: blocker.code },
      });
    return this.managed.add({ vm, ...links }, correlationId);
  }

  /** In the order that was asked for. */
  private async answer({ vmIds }: Addition, { added, failed }: Outcome, job: Job): Promise<AddedVms> {
    const rows = await this.database.getRepository(VmContext).findBy({ id: In([...added.values()]) });
    const views = await this.views.viewsOf(this.database.manager, rows);
    const rest =
      job.state === 'cancelled'
        ? new MigrationError('call.aborted', 'The job was cancelled before it came to this machine.')
        : new MigrationError('resource.busy', 'The job is still at it; its end will tell.', {
            context: { job: job.id },
          });
    return {
      added: vmIds.flatMap((vmId) => views.filter(({ id }) => id === added.get(vmId))),
      failed: vmIds.flatMap((vmId) =>
        added.has(vmId) ? [] : [{ vmId, problem: failed.get(vmId) ?? toProblem(rest, job.correlationId) }],
      ),
    };
  }
}
