import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Id,
  ListQuery,
  RecoveryPointPage,
  ReleaseVm,
  StartReplication,
  VerifyPoint,
  type Job,
} from '@ossea/api-contract';
import { Needs } from '../access/needs.js';
import { Caller } from '../http/caller.js';
import { Answers, StartsJob } from '../http/answers.js';
import { ReplicationService } from './replication.service.js';

@ApiTags('replication')
@Controller('api/v1')
export class ReplicationController {
  constructor(private readonly replication: ReplicationService) {}

  @Post('replications')
  @Needs('replication.run')
  @StartsJob('Starts a cycle of one VM')
  replicate(
    @Body({ schema: StartReplication }) { contextId }: StartReplication,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.replication.replicate(contextId, caller);
  }

  @Get('vm-contexts/:id/recovery-points')
  @Needs('state.read')
  @Answers('Recovery points of a VM, newest first', RecoveryPointPage)
  points(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: ListQuery }) query: ListQuery,
  ): Promise<RecoveryPointPage> {
    return this.replication.points(id, query);
  }

  @Post('vm-contexts/:id/verify')
  @Needs('replication.run')
  @StartsJob('Reads the newest recovery point back and compares it with what was read at the source')
  verify(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: VerifyPoint }) { scope }: VerifyPoint,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.replication.verify(id, scope, caller);
  }

  @Post('vm-contexts/:id/retry')
  @Needs('replication.run')
  @StartsJob('Goes on where a fault ended')
  retry(@Param('id', { schema: Id }) id: string, @Caller() caller: Caller): Promise<Job> {
    return this.replication.retry(id, caller);
  }

  @Post('vm-contexts/:id/release')
  @Needs('machines.release')
  @StartsJob('Ends the management of a VM, as approved')
  release(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: ReleaseVm }) plan: ReleaseVm,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.replication.release(id, plan, caller);
  }
}
