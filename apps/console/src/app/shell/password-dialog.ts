import { ChangeDetectionStrategy, Component, effect, inject, signal } from '@angular/core';
import { FormControl, ReactiveFormsModule } from '@angular/forms';
import type { Problem } from '@ossea/api-contract';
import { ClrCommonFormsModule } from '@clr/angular/forms/common';
import { ClrPasswordModule } from '@clr/angular/forms/password';
import { ClrModalModule } from '@clr/angular/modal';
import { AccessApi } from '../platform/api/access-api';
import { problemOf } from '../platform/api/api-error';
import { PasswordAgain } from '../platform/session/password-again';
import { Session } from '../platform/session/session';
import { ProblemView } from '../ui/problem-view';

/** Asks for the password where the appliance wants it again; what was asked for then goes on by itself. */
@Component({
  selector: 'app-password-dialog',
  imports: [ClrCommonFormsModule, ClrModalModule, ClrPasswordModule, ProblemView, ReactiveFormsModule],
  templateUrl: './password-dialog.html',
  // The modal listens to Escape outside of Angular: without a listener of ours nothing would be drawn again.
  host: { '(document:keyup.escape)': '0' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class PasswordDialog {
  protected readonly again = inject(PasswordAgain);
  protected readonly session = inject(Session);
  private readonly access = inject(AccessApi);

  protected readonly password = new FormControl('', { nonNullable: true });
  protected readonly busy = signal(false);
  protected readonly problem = signal<Problem | undefined>(undefined);

  constructor() {
    effect(() => {
      if (this.again.asking()) this.problem.set(undefined);
      else this.password.reset();
    });
  }

  protected async submit(): Promise<void> {
    if (this.busy() || this.password.value === '') return;
    this.busy.set(true);
    this.problem.set(undefined);
    try {
      await this.access.reauthenticate(this.password.value);
      this.again.settled(true);
    } catch (error) {
      this.problem.set(problemOf(error));
    } finally {
      this.busy.set(false);
    }
  }

  protected openChanged(isOpen: boolean): void {
    if (!isOpen) this.again.settled(false);
  }
}
