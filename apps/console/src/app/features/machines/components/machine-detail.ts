import { ChangeDetectionStrategy, Component, computed, effect, inject, input, signal } from '@angular/core';
import type { ActionId } from '../../../platform/api/machines-api';
import { BytesPipe, DurationPipe } from '../../../ui/quantity.pipes';
import { ProblemView } from '../../../ui/problem-view';
import { StateLabel } from '../../../ui/state-label';
import { actionsFor } from '../machine-actions';
import { MachinesStore } from '../machines.store';
import { sayJobKind, sayTestState } from '../words';
import { ActionBar } from './action-bar';
import { ActionDialog } from './action-dialog';
import { ByteProgress } from './byte-progress';
import { DiskTable } from './disk-table';
import { JobView } from './job-view';
import { PointTable } from './point-table';
import { ThroughputChart } from './throughput-chart';

/** Everything about one machine. */
@Component({
  selector: 'app-machine-detail',
  imports: [
    ActionBar,
    ActionDialog,
    ByteProgress,
    BytesPipe,
    DiskTable,
    DurationPipe,
    JobView,
    PointTable,
    ProblemView,
    StateLabel,
    ThroughputChart,
  ],
  templateUrl: './machine-detail.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class MachineDetail {
  protected readonly store = inject(MachinesStore);

  /** Route parameter. */
  readonly contextId = input.required<string>();

  protected readonly asking = signal<ActionId | undefined>(undefined);

  protected readonly actions = computed(() => {
    const row = this.store.selected();
    if (!row) return [];
    return actionsFor({
      context: row.context,
      running: this.store.running(),
      openTest: this.store.openTest(),
    });
  });
  protected readonly test = computed(() => {
    const run = this.store.openTest();
    return run && { ...sayTestState(run.state), verdict: evidenceOf(run.verdict) };
  });
  /** The end of the last live failover, while it can still be undone. */
  protected readonly live = computed(() =>
    this.store.failovers().find(({ kind, downtimeMs }) => kind === 'live' && downtimeMs !== undefined),
  );
  /** Why the machine is in a state of failure: the newest failed job says it. */
  protected readonly failure = computed(() => {
    const state = this.store.selected()?.context.state;
    if (state !== 'faulted' && state !== 'needs-attention') return undefined;
    const job = this.store.jobs().find((one) => one.problem !== undefined);
    return job?.problem && { jobId: job.id, heading: `${sayJobKind(job.kind)} failed`, problem: job.problem };
  });
  protected readonly cancellable = computed(() => {
    const shown = this.store.shownJob();
    const running = this.store.running();
    return running.find(({ id }) => id === shown?.id) ?? running[0];
  });

  constructor() {
    effect(() => this.store.select(this.contextId()));
  }
}

function evidenceOf(verdict: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const evidence = verdict?.['evidence'];
  return typeof evidence === 'string' ? evidence : undefined;
}
