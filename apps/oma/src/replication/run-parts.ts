import { Injectable } from '@nestjs/common';
import { MachineRuns } from './machine-runs.js';
import { RunContexts } from './run-contexts.js';
import { JobRunJournal } from './run-journal.js';

/** What running a job with a machine needs, in one hand. */
@Injectable()
export class RunParts {
  constructor(
    readonly runs: MachineRuns,
    readonly contexts: RunContexts,
    readonly journal: JobRunJournal,
  ) {}
}
