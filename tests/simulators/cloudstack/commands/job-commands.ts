import { jobView } from '../views/job-view.js';
import type { Call } from './call.js';
import { OWNED, type Command } from './command.js';
import { inScope, listed } from './lists.js';

export const JOB_COMMANDS: readonly Command[] = [
  {
    name: 'queryAsyncJobResult',
    parameters: { 'jobid!': 'job', resourceid: 'string', resourcetype: 'string' },
    answer: (call) => jobView(call.get(call.cloud.jobs.jobs, 'jobid')),
  },
  {
    // those that are pending
    name: 'listAsyncJobs',
    parameters: { startdate: 'string', ...OWNED },
    answer: (call: Call) => {
      const rows = call.cloud.jobs.jobs.all().filter(({ status }) => status === 'pending');
      return listed(call, 'asyncjobs', rows.filter(inScope(call)), jobView);
    },
  },
];
