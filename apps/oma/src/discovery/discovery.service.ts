import { Injectable } from '@nestjs/common';
import type {
  DescribedVm,
  DescribeVm,
  DiscoveredVm,
  DiscoveredVms,
  DiscoverVms,
  VmContext as VmContextView,
  VmContextListQuery,
  VmContextPage,
} from '@ossea/api-contract';
import { DataSource, In, Not } from 'typeorm';
import { ConnectionSessions } from '../connections/connection-sessions.js';
import { ContextViews } from './context-views.js';
import { describedVmOf } from './machine-facts.js';
import { OVER_STATES } from './over-states.js';
import { VmContext } from './vm-context.entity.js';

/** An inventory is streamed; so many of its machines are shown. */
const SHOWN_VMS = 10_000;

/** What a source holds, and what of it is under management. */
@Injectable()
export class DiscoveryService {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: ConnectionSessions,
    private readonly views: ContextViews,
  ) {}

  /** Throws what connecting to the source throws. */
  async discover({ connectionId, nameContains }: DiscoverVms, signal: AbortSignal): Promise<DiscoveredVms> {
    const source = await this.sessions.source(connectionId, { signal });
    const wanted = nameContains?.toLowerCase();
    const found: DiscoveredVm[] = [];
    let truncated = false;
    for await (const { id, name, power, path } of source.inventory.list({ signal })) {
      if (wanted !== undefined && !name.toLowerCase().includes(wanted)) continue;
      if (found.length === SHOWN_VMS) {
        truncated = true;
        break;
      }
      found.push({ id, name, power, ...(path === undefined ? {} : { path }) });
    }
    const rows = await this.database.getRepository(VmContext).find({
      select: { id: true, sourceVmId: true },
      where: { sourceConnectionId: connectionId, state: Not(In(OVER_STATES)) },
    });
    const known = new Map(rows.map(({ sourceVmId, id }) => [sourceVmId, id]));
    const items = found.map((vm) => {
      const contextId = known.get(vm.id);
      return contextId === undefined ? vm : { ...vm, contextId };
    });
    return { connectionId, truncated, items };
  }

  /** Throws what connecting to the source throws, and `resource.not-found`. */
  async describe({ connectionId, vmId }: DescribeVm, signal: AbortSignal): Promise<DescribedVm> {
    const source = await this.sessions.source(connectionId, { signal });
    return describedVmOf(await source.inventory.describe(vmId, { signal }));
  }

  /** Throws `request.not-found`. */
  get(id: string): Promise<VmContextView> {
    return this.views.viewOf(this.database.manager, id);
  }

  /** Newest first; `name` is a part of the name. */
  async list({ limit, cursor, state, name }: VmContextListQuery): Promise<VmContextPage> {
    const query = this.database
      .getRepository(VmContext)
      .createQueryBuilder('context')
      .orderBy('context.id', 'DESC')
      .take(limit + 1);
    if (state !== undefined) query.andWhere('context.state = :state', { state });
    // not LIKE: names are full of underscores, which it takes for anything
    if (name !== undefined) query.andWhere('INSTR(LOWER(context.name), LOWER(:name)) > 0', { name });
    if (cursor !== undefined) query.andWhere('context.id < :cursor', { cursor });
    const rows = await query.getMany();
    const items = await this.views.viewsOf(this.database.manager, rows.slice(0, limit));
    const next = rows.length > limit ? items.at(-1)?.id : undefined;
    return { items, page: next === undefined ? {} : { next } };
  }
}
