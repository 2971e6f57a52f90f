import { ChangeDetectionStrategy, Component, computed, inject, input, output } from '@angular/core';
import type { Job, JobStep } from '@ossea/api-contract';
import { ClrTimelineLayout, ClrTimelineModule, ClrTimelineStepState } from '@clr/angular/timeline';
import { Clock } from '../../../platform/clock';
import { AgePipe, DurationPipe, MomentPipe } from '../../../ui/quantity.pipes';
import { ProblemView } from '../../../ui/problem-view';
import { StateLabel } from '../../../ui/state-label';
import { hasEnded } from '../machines.state';
import { sayJobKind, sayJobState, sayStepState } from '../words';

const TIMELINE_STATES: Readonly<Record<JobStep['state'], ClrTimelineStepState>> = {
  running: ClrTimelineStepState.PROCESSING,
  succeeded: ClrTimelineStepState.SUCCESS,
  failed: ClrTimelineStepState.ERROR,
  cancelled: ClrTimelineStepState.ERROR,
  skipped: ClrTimelineStepState.NOT_STARTED,
  deferred: ClrTimelineStepState.NOT_STARTED,
};

/** A job and the steps that it has made so far, as they began; steps to come are not guessed. */
@Component({
  selector: 'app-job-view',
  imports: [AgePipe, ClrTimelineModule, DurationPipe, MomentPipe, ProblemView, StateLabel],
  templateUrl: './job-view.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class JobView {
  protected readonly clock = inject(Clock);

  readonly job = input.required<Job | undefined>();
  readonly steps = input.required<readonly JobStep[]>();
  readonly jobs = input.required<readonly Job[]>();
  /** Where the page shows the job's problem already. */
  readonly problemShownElsewhere = input(false);
  readonly jobChosen = output<string>();

  protected readonly vertical = ClrTimelineLayout.VERTICAL;
  protected readonly kindOf = sayJobKind;
  protected readonly stateOf = computed(() => {
    const job = this.job();
    return job && sayJobState(job);
  });
  protected readonly percent = computed(() => Math.floor(this.job()?.percent ?? 0));
  protected readonly isRunning = computed(() => {
    const job = this.job();
    return job !== undefined && !hasEnded(job);
  });
  protected readonly tookMs = computed(() => {
    const job = this.job();
    if (!job) return 0;
    return endMs(job.endedAt, this.clock.nowMs()) - Date.parse(job.startedAt ?? job.createdAt);
  });
  protected readonly shown = computed(() =>
    this.steps().map((step) => ({
      step,
      state: TIMELINE_STATES[step.state],
      words: sayStepState(step.state),
      tookMs: Math.max(0, endMs(step.endedAt, this.clock.nowMs()) - Date.parse(step.startedAt)),
      attempt: attemptOf(step),
    })),
  );

  protected titleOf(job: Job): string {
    return `${sayJobKind(job.kind)}, ${sayJobState(job).words.toLowerCase()}`;
  }

  protected choose(event: Event): void {
    if (event.target instanceof HTMLSelectElement) this.jobChosen.emit(event.target.value);
  }
}

const endMs = (endedAt: string | undefined, nowMs: number): number =>
  endedAt === undefined ? nowMs : Date.parse(endedAt);

function attemptOf({ detail }: JobStep): number {
  const attempt = detail?.['attempt'];
  return typeof attempt === 'number' ? attempt : 1;
}
