import { Inject, Injectable } from '@nestjs/common';
import type { CycleProgress, FeedSnapshot, Job } from '@ossea/api-contract';
import { JobsService } from '../jobs/jobs.service.js';
import type { FeedJournal } from './feed-journal.js';
import { FEED_SOURCES, type FeedSources } from './feed-sources.js';

const RECENT_JOBS = 100;
const MAX_RUNNING_JOBS = 500;

/** Everything as it is now, for a client that knows nothing. */
@Injectable()
export class FeedSnapshots {
  constructor(
    @Inject(FEED_SOURCES) private readonly sources: FeedSources,
    private readonly jobs: JobsService,
  ) {}

  /** What the client hears after this snapshot may be older than it, never the other way round. */
  async take(journal: FeedJournal): Promise<FeedSnapshot> {
    const { epoch, seq } = journal;
    const [contexts, recent, running] = await Promise.all([
      this.sources.contexts(),
      this.jobs.list({ limit: RECENT_JOBS }),
      this.jobs.list({ limit: MAX_RUNNING_JOBS, state: 'running' }),
    ]);
    const jobs = new Map<string, Job>();
    for (const job of [...running.items, ...recent.items]) jobs.set(job.id, job);
    return {
      mode: 'snapshot',
      epoch,
      seq,
      contexts: [...contexts],
      jobs: [...jobs.values()].sort((a, b) => (a.id > b.id ? -1 : 1)),
      progress: journal
        .latest('cycle.progressed')
        .map(({ data }) => data as CycleProgress)
        .filter(({ jobId }) => jobs.get(jobId)?.state === 'running'),
    };
  }
}
