import { Injectable } from '@nestjs/common';
import type {
  FailoverRun as RunView,
  FailoverRunPage,
  FailoverRunQuery,
  PreflightReport,
} from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, LessThan } from 'typeorm';
import { RunContexts } from '../replication/run-contexts.js';
import { FailoverRun } from './failover-run.entity.js';
import { failoverView } from './failover-views.js';
import { preFlight } from './pre-flight.js';
import type { FailoverKind } from './pre-flight-rules.js';

/** What there is to know of failovers. */
@Injectable()
export class FailoverService {
  constructor(
    private readonly database: DataSource,
    private readonly contexts: RunContexts,
  ) {}

  /** The pre-flight through the same code path as the run. Throws what connecting to source and target throws. */
  async preFlight(contextId: string, kind: FailoverKind, signal: AbortSignal): Promise<PreflightReport> {
    const { row, ...sessions } = await this.contexts.sessionsOf(contextId, signal);
    const input = { database: this.database, contextId, placement: row.placement ?? {}, ...sessions };
    const findings = await preFlight(input, row.sourceVmId, kind, signal);
    return { contextId, kind, possible: findings.every(({ severity }) => severity !== 'blocker'), findings };
  }

  /** Newest first. */
  async runs({ contextId, kind, limit, cursor }: FailoverRunQuery): Promise<FailoverRunPage> {
    const rows = await this.database.getRepository(FailoverRun).find({
      where: {
        ...(contextId === undefined ? {} : { contextId }),
        ...(kind === undefined ? {} : { kind }),
        ...(cursor === undefined ? {} : { id: LessThan(cursor) }),
      },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map(failoverView);
    const next = rows.length > limit ? items.at(-1)?.id : undefined;
    return { items, page: next === undefined ? {} : { next } };
  }

  async run(id: string): Promise<RunView> {
    const run = await this.database.getRepository(FailoverRun).findOneBy({ id });
    if (!run)
      throw new MigrationError('request.not-found', 'There is no such failover.', { context: { run: id } });
    return failoverView(run);
  }
}
