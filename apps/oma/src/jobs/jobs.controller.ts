import { Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Id, Job, JobListQuery, JobPage, JobQuery, ListQuery, LogPage } from '@ossea/api-contract';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { JobsService } from './jobs.service.js';

@ApiTags('jobs')
@Controller('api/v1/jobs')
export class JobsController {
  constructor(private readonly jobs: JobsService) {}

  @Get()
  @Needs('state.read')
  @Answers('Jobs, newest first', JobPage)
  list(@Query({ schema: JobListQuery }) query: JobListQuery): Promise<JobPage> {
    return this.jobs.list(query);
  }

  @Get(':id')
  @Needs('state.read')
  @Answers('One job with its steps; `?wait=30s` answers when it has ended, or then', Job)
  @Header('Cache-Control', 'no-store')
  get(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: JobQuery }) { wait }: JobQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Job> {
    if (wait === undefined) return this.jobs.get(id);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return this.jobs.waitFor(id, wait, gone.signal);
  }

  @Get(':id/log')
  @Needs('state.read')
  @Answers('The log lines of a job, oldest first', LogPage)
  log(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: ListQuery }) query: ListQuery,
  ): Promise<LogPage> {
    return this.jobs.log(id, query);
  }

  @Post(':id/cancel')
  @Needs('jobs.cancel')
  @HttpCode(200)
  @Answers('Stops a job; the answer comes when it has stopped', Job)
  cancel(@Param('id', { schema: Id }) id: string): Promise<Job> {
    return this.jobs.cancel(id);
  }
}
