import { Injectable } from '@nestjs/common';
import { MigrationError, fromProblem } from '@ossea/errors';
import { JobsService } from '../jobs/jobs.service.js';
import type { Requester } from './tunnels-ports.js';

/** Such a job is a few writes; longer means that the database hangs. */
const WAIT_MS = 30_000;

export interface AccessJob<T> {
  /** `approve-vma`. */
  readonly kind: string;
  /** For people: "Approving a VMA". */
  readonly label: string;
  readonly requester: Requester;
  readonly input: Readonly<Record<string, string>>;
  readonly run: () => Promise<T>;
  /** What the job log keeps of the outcome: never a secret. */
  readonly result: (outcome: T) => object;
}

/** Decisions about who is trusted: quick, answered at once, and kept in the job log like everything else. */
@Injectable()
export class AccessJobs {
  constructor(private readonly jobs: JobsService) {}

  /** Runs it as a job and gives its outcome; throws what it threw. */
  async run<T>({ kind, label, requester, input, run, result }: AccessJob<T>): Promise<T> {
    let outcome: { readonly value: T } | undefined;
    const { id } = await this.jobs.start(kind, {
      category: 'access',
      lane: null,
      requestedBy: requester.name,
      correlationId: requester.correlationId,
      input,
      run: async (job) => {
        const value = await job.step({ name: kind, label }, run);
        outcome = { value };
        return result(value);
      },
    });
    const ended = await this.jobs.waitFor(id, WAIT_MS);
    if (ended.problem) throw fromProblem(ended.problem);
    if (ended.state !== 'succeeded' || !outcome)
      throw new MigrationError('resource.busy', 'The operation goes on; look at its job.', {
        context: { job: id },
      });
    return outcome.value;
  }
}
