import { Injectable } from '@nestjs/common';
import type {
  AddedVms,
  AddVms,
  DiscoveredVm,
  DiscoveredVms,
  DiscoverVms,
  ListQuery,
  VmContext as VmContextView,
  VmContextListQuery,
  VmContextPage,
} from '@ossea/api-contract';
import { MigrationError, toProblem } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import type { SourceSession, TargetSession, VmDescription } from '@ossea/plugin-sdk';
import { DataSource, In, LessThan, Like } from 'typeorm';
import { Connection } from '../connections/connection.entity.js';
import { ConnectionSessions } from '../connections/connection-sessions.js';
import { parseSettings } from '../connections/connection-settings.js';
import type { Caller } from '../http/caller.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ContextViews } from './context-views.js';
import { ManagedVms, managedKeyOf } from './managed-vms.js';
import { VmContext } from './vm-context.entity.js';

/** An inventory is streamed; so many of its machines are shown. */
const SHOWN_VMS = 10_000;
/** A client that waits for an answer gets it within this time; the job goes on. */
const ANSWER_MS = 55_000;

/** What a source holds, and what of it is under management. */
@Injectable()
export class DiscoveryService {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: ConnectionSessions,
    private readonly registry: PluginRegistry,
    private readonly jobs: JobsService,
    private readonly managed: ManagedVms,
    private readonly views: ContextViews,
  ) {}

  /** Throws what connecting to the source throws. */
  async discover({ connectionId, nameContains }: DiscoverVms, signal: AbortSignal): Promise<DiscoveredVms> {
    const source = await this.sessions.source(connectionId, { signal });
    const wanted = nameContains?.toLowerCase();
    const items: DiscoveredVm[] = [];
    let truncated = false;
    for await (const { id, name, power } of source.inventory.list({ signal })) {
      if (wanted !== undefined && !name.toLowerCase().includes(wanted)) continue;
      if (items.length === SHOWN_VMS) {
        truncated = true;
        break;
      }
      items.push({ id, name, power });
    }
    const known = new Map(
      (await this.database.getRepository(VmContext).findBy({ sourceConnectionId: connectionId }))
        .filter(({ managedKey }) => managedKey !== null)
        .map(({ sourceVmId, id }) => [sourceVmId, id]),
    );
    return {
      connectionId,
      truncated,
      items: items.map((vm) => {
        const contextId = known.get(vm.id);
        return contextId === undefined ? vm : { ...vm, contextId };
      }),
    };
  }

  /**
   * Takes machines under management, without replicating them. One that fails does not stop the others.
   * Throws what concerns all of them: an unknown connection, a placement that the target's schema refuses.
   */
  async add(wanted: AddVms, caller: Caller): Promise<AddedVms> {
    const placement = await this.placementOf(wanted);
    const job = await this.jobs.start('add-vms', {
      category: 'discovery',
      lane: null,
      correlationId: caller.correlationId,
      requestedBy: caller.name,
      input: { connectionId: wanted.connectionId, vmIds: wanted.vmIds },
      run: (handle) => this.addAll({ ...wanted, placement }, handle),
    });
    const ended = await this.jobs.waitFor(job.id, ANSWER_MS);
    if (ended.problem) throw new MigrationError(ended.problem.code, ended.problem.cause);
    const { added, failed } = (ended.result ?? { added: [], failed: [] }) as {
      added: string[];
      failed: AddedVms['failed'];
    };
    const rows = await this.database.getRepository(VmContext).findBy({ id: In(added) });
    return { added: await this.views.viewsOf(this.database.manager, rows), failed };
  }

  get(id: string): Promise<VmContextView> {
    return this.views.viewOf(this.database.manager, id);
  }

  /** Newest first. */
  async list({ limit, cursor, state, name }: VmContextListQuery & ListQuery): Promise<VmContextPage> {
    const rows = await this.database.getRepository(VmContext).find({
      where: {
        ...(state === undefined ? {} : { state }),
        ...(name === undefined ? {} : { name: Like(`%${name.replace(/[%_\\]/g, '')}%`) }),
        ...(cursor === undefined ? {} : { id: LessThan(cursor) }),
      },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const items = await this.views.viewsOf(this.database.manager, rows.slice(0, limit));
    const next = rows.length > limit ? items.at(-1)?.id : undefined;
    return { items, page: next === undefined ? {} : { next } };
  }

  private async addAll(wanted: AddVms, job: JobHandle): Promise<{ added: string[]; failed: object[] }> {
    const { signal } = job;
    const source = await this.sessions.source(wanted.connectionId, { signal });
    const target = await this.sessions.target(wanted.targetConnectionId, { signal });
    const added: string[] = [];
    const failed: object[] = [];
    for (const [index, vmId] of wanted.vmIds.entries()) {
      try {
        const step = { name: `add-${index + 1}`, label: `Adding the machine ${vmId}` };
        added.push(await job.step(step, () => this.addOne(wanted, vmId, { source, target }, job)));
      } catch (error) {
        job.assertOwned();
        if (signal.aborted) throw error;
        failed.push({ vmId, problem: toProblem(error, job.correlationId) });
      }
      job.progress({ percent: ((index + 1) * 100) / wanted.vmIds.length });
    }
    return { added, failed };
  }

  private async addOne(
    wanted: AddVms,
    vmId: string,
    { source, target }: { source: SourceSession; target: TargetSession },
    { signal, correlationId }: JobHandle,
  ): Promise<string> {
    const vm: VmDescription = await source.inventory.describe(vmId, { signal });
    const findings = await target.catalog.validate(wanted.placement, { signal });
    const blocker = findings.find(({ severity }) => severity === 'blocker');
    if (blocker)
      throw new MigrationError('config.invalid', `${blocker.message} ${blocker.remedy}`, {
        context: { finding: blocker.code },
      });
    const connections = this.database.getRepository(Connection);
    const { vmaId } = await connections.findOneByOrFail({ id: wanted.connectionId });
    return this.managed.add(
      {
        vm,
        sourceConnectionId: wanted.connectionId,
        targetConnectionId: wanted.targetConnectionId,
        vmaId,
        placement: wanted.placement,
        managedKey: managedKeyOf(wanted.connectionId, vm.id),
      },
      correlationId,
    );
  }

  /** Checked by the target plugin's own schema, defaults filled in. */
  private async placementOf({ targetConnectionId, placement }: AddVms): Promise<Record<string, unknown>> {
    const row = await this.database.getRepository(Connection).findOneBy({ id: targetConnectionId });
    if (row?.kind !== 'target')
      throw new MigrationError('request.not-found', 'There is no such target connection.', {
        context: { connection: targetConnectionId },
      });
    return parseSettings(this.registry.get(row.pluginId, 'target').placement, placement);
  }
}
