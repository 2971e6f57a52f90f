import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import type { Job, Problem, VmContext } from '@ossea/api-contract';
import { Announcer } from '../../platform/announcer';
import { problemOf } from '../../platform/api/api-error';
import { MachinesApi } from '../../platform/api/machines-api';
import { Clock } from '../../platform/clock';
import type { FeedMessage } from '../../platform/live/feed-messages';
import { LiveFeed } from '../../platform/live/live-feed';
import { isTestOver } from './machine-actions';
import { jobsByMachine, machineRow } from './machine-row';
import { NOTHING_KNOWN, afterMessage, hasEnded, withFailovers, withJobs, withPoints } from './machines.state';
import { sayContextState, sayJobKind, sayJobState } from './words';

/** `web-9` before `web-10`. */
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** What the pages about machines show: the feed's facts, and what was asked for the selected machine. */
@Injectable()
export class MachinesStore {
  private readonly api = inject(MachinesApi);
  private readonly announcer = inject(Announcer);
  private readonly clock = inject(Clock);

  private readonly state = signal(NOTHING_KNOWN);
  /** The job that the user chose to look at; else the newest one that runs, else the newest one. */
  private readonly chosenJobId = signal<string | undefined>(undefined);

  readonly selectedId = signal<string | undefined>(undefined);
  /** Why the details of the selected machine could not be asked for. */
  readonly problem = signal<Problem | undefined>(undefined);

  readonly isLoaded = computed(() => this.state().contexts !== undefined);
  private readonly knownJobs = computed(() => this.state().jobs);
  private readonly jobsByMachine = computed(() => jobsByMachine(this.knownJobs()));
  readonly rows = computed(() =>
    [...(this.state().contexts?.values() ?? [])]
      .map((context) =>
        machineRow(this.state(), context, this.jobsByMachine().get(context.id) ?? [], this.clock.nowMs()),
      )
      .sort((a, b) => COLLATOR.compare(a.name, b.name)),
  );
  readonly selected = computed(() => this.rows().find(({ id }) => id === this.selectedId()));
  readonly jobs = computed(() => this.jobsByMachine().get(this.selectedId() ?? '') ?? []);
  readonly running = computed(() => this.jobs().filter((job) => !hasEnded(job)));
  readonly shownJob = computed((): Job | undefined => {
    const jobs = this.jobs();
    return jobs.find(({ id }) => id === this.chosenJobId()) ?? this.running()[0] ?? jobs[0];
  });
  readonly steps = computed(() => this.state().steps.get(this.shownJob()?.id ?? '') ?? []);
  readonly points = computed(() => this.state().points.get(this.selectedId() ?? ''));
  readonly throughput = computed(() => this.state().throughput.get(this.selectedId() ?? ''));
  readonly measured = computed(() => this.state().measured.get(this.selectedId() ?? ''));
  readonly failovers = computed(() => this.state().failovers.get(this.selectedId() ?? '') ?? []);
  readonly openTest = computed(() => this.failovers().find((run) => run.kind === 'test' && !isTestOver(run)));

  constructor() {
    const feed = inject(LiveFeed);
    feed.messages.pipe(takeUntilDestroyed(inject(DestroyRef))).subscribe((message) => this.take(message));
    feed.askForAll();
  }

  select(contextId: string | undefined): void {
    if (contextId === this.selectedId()) return;
    this.selectedId.set(contextId);
    this.chosenJobId.set(undefined);
    this.problem.set(undefined);
    if (contextId !== undefined) void this.load(contextId);
  }

  showJob(jobId: string): void {
    this.chosenJobId.set(jobId);
    void this.asking(() => this.loadJob(jobId));
  }

  /** Takes in a job that was just started, and shows it. */
  started(job: Job): void {
    this.state.update((state) => withJobs(state, [job]));
    this.chosenJobId.set(undefined);
    void this.asking(() => this.loadJob(job.id));
  }

  private take(message: FeedMessage): void {
    const before = this.state();
    const after = afterMessage(before, message, Date.now());
    this.state.set(after);
    if (message.kind !== 'event') {
      // Not everything on the page is told by the feed: ask for the rest again.
      const contextId = this.selectedId();
      if (contextId !== undefined) void this.load(contextId);
      return;
    }
    const { event } = message;
    if (event.type === 'context.changed') {
      const { context } = event.data;
      this.sayChange(before.contexts?.get(context.id), context);
    }
    if (event.type === 'job.ended') {
      const { job } = event.data;
      const name = after.contexts?.get(job.contextId ?? '')?.name;
      const what = `${sayJobKind(job.kind)} ${sayJobState(job).words.toLowerCase()}`;
      this.announcer.announce(`${name === undefined ? '' : `${name}: `}${what}.`);
      // What was read back stands in the recovery points, and no event tells it.
      if (job.contextId !== undefined && job.contextId === this.selectedId()) void this.load(job.contextId);
    }
  }

  private sayChange(before: VmContext | undefined, after: VmContext): void {
    if (before?.state === after.state) return;
    this.announcer.announce(`${after.name}: ${sayContextState(after).words}.`);
  }

  private load(contextId: string): Promise<void> {
    return this.asking(async () => {
      const [points, jobs, runs] = await Promise.all([
        this.api.recoveryPoints(contextId),
        this.api.jobs(contextId),
        this.api.failoverRuns(contextId),
      ]);
      this.state.update((state) =>
        withFailovers(withPoints(withJobs(state, jobs), contextId, points), contextId, runs),
      );
      if (this.selectedId() !== contextId) return;
      const shown = this.shownJob();
      const wanted = new Set([shown, ...this.running()].flatMap((job) => job?.id ?? []));
      await Promise.all([...wanted].map((jobId) => this.loadJob(jobId)));
    });
  }

  private async loadJob(jobId: string): Promise<void> {
    const job = await this.api.job(jobId);
    this.state.update((state) => withJobs(state, [job]));
  }

  private async asking(question: () => Promise<void>): Promise<void> {
    try {
      await question();
      this.problem.set(undefined);
    } catch (error) {
      this.problem.set(problemOf(error));
    }
  }
}
