import { Injectable, inject } from '@angular/core';
import {
  FailoverRunPage,
  Job,
  JobPage,
  PreflightReport,
  RecoveryPointPage,
  type FailoverRun,
  type RecoveryPoint,
} from '@ossea/api-contract';
import { ApiClient } from './api-client';

export const ACTIONS = [
  'replicate',
  'retry',
  'test',
  'clean-up',
  'live',
  'roll-back',
  'commit',
  'cancel',
] as const;
export type ActionId = (typeof ACTIONS)[number];

/** What can be asked and done about machines under management. */
@Injectable({ providedIn: 'root' })
export class MachinesApi {
  private readonly api = inject(ApiClient);

  async recoveryPoints(contextId: string): Promise<readonly RecoveryPoint[]> {
    return (await this.api.get(`vm-contexts/${contextId}/recovery-points`, RecoveryPointPage, { limit: 50 }))
      .items;
  }

  /** Newest first, without steps. */
  async jobs(contextId: string): Promise<readonly Job[]> {
    return (await this.api.get('jobs', JobPage, { contextId, limit: 20 })).items;
  }

  /** With its steps. */
  job(jobId: string): Promise<Job> {
    return this.api.get(`jobs/${jobId}`, Job);
  }

  async failoverRuns(contextId: string): Promise<readonly FailoverRun[]> {
    return (await this.api.get('failover/runs', FailoverRunPage, { contextId, limit: 10 })).items;
  }

  preflight(contextId: string, kind: 'test' | 'live'): Promise<PreflightReport> {
    return this.api.get('failover/preflight', PreflightReport, { contextId, kind });
  }

  /**
   * Does what the user confirmed; the answer is the job that does it.
   * @param key the same for every attempt at one intention.
   */
  act(action: ActionId, contextId: string, jobId: string | undefined, key: string): Promise<Job> {
    const body = { contextId };
    switch (action) {
      case 'replicate':
        return this.api.post('replications', Job, body, key);
      case 'retry':
        return this.api.post(`vm-contexts/${contextId}/retry`, Job, {}, key);
      case 'test':
        return this.api.post('failover/test', Job, body, key);
      case 'clean-up':
        return this.api.post('failover/cleanup', Job, body, key);
      case 'live':
        return this.api.post('failover/live', Job, body, key);
      case 'roll-back':
        return this.api.post('failover/rollback', Job, body, key);
      case 'commit':
        return this.api.post('failover/commit', Job, body, key);
      case 'cancel':
        return this.api.post(`jobs/${jobId}/cancel`, Job, {}, key);
    }
  }
}
