import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  afterNextRender,
  computed,
  inject,
  input,
  output,
  signal,
  viewChild,
  type OnInit,
} from '@angular/core';
import { FormsModule } from '@angular/forms';
import type { Job, PreflightReport, Problem, VmContext } from '@ossea/api-contract';
import { ClrInputModule } from '@clr/angular/forms/input';
import { ClrModalModule } from '@clr/angular/modal';
import { ClrSpinnerModule } from '@clr/angular/progress/spinner';
import { newIdempotencyKey } from '../../../platform/api/api-client';
import { ApiError, problemOf } from '../../../platform/api/api-error';
import { MachinesApi, type ActionId } from '../../../platform/api/machines-api';
import { ProblemView } from '../../../ui/problem-view';
import { ACTION_TEXTS } from '../action-texts';
import { sayJobKind } from '../words';

/** Says what an action will do, checks whether it can, and does it once. */
@Component({
  selector: 'app-action-dialog',
  imports: [ClrInputModule, ClrModalModule, ClrSpinnerModule, FormsModule, ProblemView],
  templateUrl: './action-dialog.html',
  // The modal listens to Escape outside of Angular: without a listener of ours nothing would be drawn again.
  host: { '(document:keyup.escape)': '0' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ActionDialog implements OnInit {
  private readonly api = inject(MachinesApi);

  readonly action = input.required<ActionId>();
  readonly context = input.required<VmContext>();
  /** The job that `cancel` means. */
  readonly job = input<Job>();
  readonly done = output<Job>();
  readonly closed = output<void>();

  protected readonly text = computed(() => ACTION_TEXTS[this.action()]);
  protected readonly subject = computed(() => {
    const job = this.action() === 'cancel' ? this.job() : undefined;
    return job ? `${this.context().name} · ${sayJobKind(job.kind)}` : this.context().name;
  });
  /** `closed` follows when the dialog is gone. */
  protected readonly isOpen = signal(true);
  protected readonly typedName = signal('');
  protected readonly busy = signal(false);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly checking = signal(false);
  protected readonly report = signal<PreflightReport | undefined>(undefined);
  /** Why the action cannot be confirmed yet. */
  protected readonly hindrance = computed(() => {
    if (this.checking()) return 'The checks are not done yet.';
    if (this.report()?.possible === false) return 'Resolve the blockers first.';
    if (this.text().isLive && this.typedName().trim() !== this.context().name)
      return "Type the machine's name to confirm.";
    return undefined;
  });

  private readonly cancelButton = viewChild<ElementRef<HTMLButtonElement>>('cancelButton');
  /** One intention, one key: after an answer the next click is a new intention, without one it is the same. */
  private key = newIdempotencyKey();

  constructor() {
    afterNextRender(() => this.cancelButton()?.nativeElement.focus());
  }

  ngOnInit(): void {
    const kind = this.text().preflight;
    if (kind) void this.check(kind);
  }

  protected async confirm(): Promise<void> {
    if (this.hindrance() !== undefined || this.busy()) return;
    this.busy.set(true);
    this.problem.set(undefined);
    try {
      const job = await this.api.act(this.action(), this.context().id, this.job()?.id, this.key);
      this.done.emit(job);
      this.isOpen.set(false);
    } catch (error) {
      if (!(error instanceof ApiError) || error.answered) this.key = newIdempotencyKey();
      this.problem.set(problemOf(error));
    } finally {
      this.busy.set(false);
    }
  }

  protected close(): void {
    if (!this.busy()) this.isOpen.set(false);
  }

  private async check(kind: 'test' | 'live'): Promise<void> {
    this.checking.set(true);
    try {
      this.report.set(await this.api.preflight(this.context().id, kind));
    } catch (error) {
      this.problem.set(problemOf(error));
    } finally {
      this.checking.set(false);
    }
  }
}
