import type { Cloud } from '../cloud.js';
import type { Job } from '../jobs/job-board.js';
import type { Payload } from '../protocol/answer-text.js';
import { cloudDate } from '../protocol/expires.js';

const STATUS = { pending: 0, succeeded: 1, failed: 2 } as const;

export function jobView(job: Job): Payload {
  return {
    jobid: job.id,
    accountid: job.account.id,
    userid: job.account.userId,
    cmd: job.className,
    jobstatus: STATUS[job.status],
    jobprocstatus: 0,
    jobresultcode: job.code,
    ...(job.result ? { jobresulttype: 'object', jobresult: job.result } : {}),
    ...(job.instance ? { jobinstancetype: job.instance.type, jobinstanceid: job.instance.id } : {}),
    created: cloudDate(job.created),
    ...(job.completed ? { completed: cloudDate(job.completed) } : {}),
  };
}

/** What an answer says of a resource that a job works on. */
export function pendingJob({ jobs }: Cloud, id: string): Payload {
  const job = jobs.jobs.all().find(({ status, instance }) => status === 'pending' && instance?.id === id);
  return job ? { jobid: job.id, jobstatus: STATUS.pending } : {};
}
