import { Injectable } from '@nestjs/common';
import type {
  ConsoleAddress,
  FailoverRun as RunView,
  FailoverRunPage,
  FailoverRunQuery,
  PreflightReport,
} from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, LessThan } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { UnitOfWork } from '../database/unit-of-work.js';
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
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
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
    return failoverView(await this.row(id));
  }

  /**
   * Where a person can look at the machine of a failover. The address may hold a token: it is asked for each time.
   * Throws `plugin.unsupported` where the target has no such address, `request.conflict` while there is no machine.
   */
  async consoleAddress(id: string, signal: AbortSignal): Promise<ConsoleAddress> {
    const { contextId, machineRef } = await this.row(id);
    const { consoleUrl } = (await this.contexts.targetOf(contextId, signal)).can;
    if (!consoleUrl)
      throw new MigrationError('plugin.unsupported', 'The target tells no address of a console.');
    if (machineRef === null)
      throw new MigrationError('request.conflict', 'This failover has no machine yet.', {
        context: { run: id },
      });
    const url = await consoleUrl.url(machineRef, { signal });
    await this.unitOfWork.run((manager) =>
      this.audit.append(manager, {
        action: 'failover.console',
        subject: { type: 'failover-run', id },
        detail: { contextId, machineRef },
      }),
    );
    return { url };
  }

  private async row(id: string): Promise<FailoverRun> {
    const run = await this.database.getRepository(FailoverRun).findOneBy({ id });
    if (run) return run;
    throw new MigrationError('request.not-found', 'There is no such failover.', { context: { run: id } });
  }
}
