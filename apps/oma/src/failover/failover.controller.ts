import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  ConsoleAddress,
  FailoverAction,
  FailoverRun,
  FailoverRunPage,
  FailoverRunQuery,
  Id,
  PreflightQuery,
  PreflightReport,
  StartFailover,
  type Job,
} from '@ossea/api-contract';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers, StartsJob } from '../http/answers.js';
import { Caller } from '../http/caller.js';
import { goneSignal } from '../http/gone-signal.js';
import { NotReplayed } from '../idempotency/not-replayed.js';
import { FailoverService } from './failover.service.js';
import { LiveFailovers } from './live-failovers.js';
import { TestFailovers } from './test-failovers.js';

@ApiTags('failover')
@Controller('api/v1/failover')
export class FailoverController {
  constructor(
    private readonly failovers: FailoverService,
    private readonly live: LiveFailovers,
    private readonly tests: TestFailovers,
  ) {}

  @Get('preflight')
  @Needs('state.read')
  @Answers('Everything that could stop a failover, or that people should know before it', PreflightReport)
  preflight(
    @Query({ schema: PreflightQuery }) { contextId, kind }: PreflightQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PreflightReport> {
    return this.failovers.preFlight(contextId, kind, goneSignal(response));
  }

  @Post('test')
  @Needs('failover.test')
  @StartsJob('Boots a copy of the last recovery point in isolation; source and cycles are not touched')
  startTest(
    @Body({ schema: StartFailover }) { contextId }: StartFailover,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.tests.start(contextId, caller);
  }

  @Post('cleanup')
  @Needs('failover.test')
  @StartsJob('Takes everything of the newest test failover away')
  cleanUp(
    @Body({ schema: FailoverAction }) { contextId }: FailoverAction,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.tests.cleanUp(contextId, caller);
  }

  @Post('live')
  @Needs('failover.live')
  @StartsJob('Stops the source, copies its last changes and starts the machine at the target')
  startLive(
    @Body({ schema: StartFailover }) { contextId }: StartFailover,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.live.start(contextId, caller);
  }

  @Post('rollback')
  @Needs('failover.live')
  @StartsJob('Returns to the source as it was')
  rollBack(
    @Body({ schema: FailoverAction }) { contextId }: FailoverAction,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.live.rollBack(contextId, caller);
  }

  @Post('commit')
  @Needs('failover.live')
  @StartsJob('Keeps the target machine; there is no way back after it')
  commit(
    @Body({ schema: FailoverAction }) { contextId }: FailoverAction,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.live.commit(contextId, caller);
  }

  @Get('runs')
  @Needs('state.read')
  @Answers('Failovers, newest first', FailoverRunPage)
  runs(@Query({ schema: FailoverRunQuery }) query: FailoverRunQuery): Promise<FailoverRunPage> {
    return this.failovers.runs(query);
  }

  @Get('runs/:id')
  @Needs('state.read')
  @Answers('One failover', FailoverRun)
  run(@Param('id', { schema: Id }) id: string): Promise<FailoverRun> {
    return this.failovers.run(id);
  }

  @Post('runs/:id/console')
  @Needs('failover.test')
  @HttpCode(200)
  @NotReplayed()
  @Answers(
    'Where to look at the machine of a failover; the address holds a token and ends soon',
    ConsoleAddress,
  )
  console(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConsoleAddress> {
    return this.failovers.consoleAddress(id, goneSignal(response));
  }
}
