import { ChangeDetectionStrategy, Component, computed, inject, input, signal } from '@angular/core';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { Router } from '@angular/router';
import type { CurrentAccess, Problem } from '@ossea/api-contract';
import { ClrCommonFormsModule } from '@clr/angular/forms/common';
import { ClrInputModule } from '@clr/angular/forms/input';
import { ClrPasswordModule } from '@clr/angular/forms/password';
import { ClarityIcons, ClrIcon, eyeHideIcon, eyeIcon, vmIcon } from '@clr/angular/icon';
import { AccessApi } from '../../platform/api/access-api';
import { problemOf } from '../../platform/api/api-error';
import { Session } from '../../platform/session/session';
import { ProblemView } from '../../ui/problem-view';

ClarityIcons.addIcons(eyeIcon, eyeHideIcon, vmIcon);

const MIN_PASSWORD = 12;

/** Signs in with the password, or, at the appliance's first start, sets it with the one-time code. */
@Component({
  selector: 'app-sign-in-page',
  imports: [
    ClrCommonFormsModule,
    ClrIcon,
    ClrInputModule,
    ClrPasswordModule,
    ProblemView,
    ReactiveFormsModule,
  ],
  templateUrl: './sign-in.page.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class SignInPage {
  private readonly access = inject(AccessApi);
  private readonly router = inject(Router);
  protected readonly session = inject(Session);

  /** Query parameter: where the user wanted to go. */
  readonly back = input<string>();

  protected readonly minPassword = MIN_PASSWORD;
  protected readonly firstStart = signal(false);
  protected readonly busy = signal(false);
  protected readonly problem = signal<Problem | undefined>(undefined);
  protected readonly submitLabel = computed(() => (this.firstStart() ? 'Set up and sign in' : 'Sign in'));

  protected readonly signInForm = new FormGroup({
    name: new FormControl('admin', { nonNullable: true, validators: [Validators.required] }),
    password: new FormControl('', { nonNullable: true, validators: [Validators.required] }),
  });
  protected readonly setUpForm = new FormGroup({
    code: new FormControl('', { nonNullable: true, validators: [Validators.required] }),
    name: new FormControl('admin', { nonNullable: true, validators: [Validators.required] }),
    password: new FormControl('', {
      nonNullable: true,
      validators: [Validators.required, Validators.minLength(MIN_PASSWORD), Validators.maxLength(256)],
    }),
  });

  protected switchMode(): void {
    this.firstStart.update((first) => !first);
    this.problem.set(undefined);
  }

  protected async submit(): Promise<void> {
    const form = this.firstStart() ? this.setUpForm : this.signInForm;
    form.markAllAsTouched();
    if (form.invalid || this.busy()) return;
    this.busy.set(true);
    this.problem.set(undefined);
    try {
      this.session.begin(await this.enter());
      this.signInForm.reset();
      this.setUpForm.reset();
      await this.router.navigateByUrl(this.whereTo(), { replaceUrl: true });
    } catch (error) {
      this.problem.set(this.explain(problemOf(error)));
    } finally {
      this.busy.set(false);
    }
  }

  private enter(): Promise<CurrentAccess> {
    if (!this.firstStart()) {
      const { name, password } = this.signInForm.getRawValue();
      return this.access.signIn(name.trim(), password);
    }
    const { code, name, password } = this.setUpForm.getRawValue();
    return this.access.setUp(code.trim(), name.trim(), password);
  }

  /** What the API tells its callers is of no use to somebody who is signing in. */
  private explain(problem: Problem): Problem {
    if (problem.code !== 'access.unauthenticated') return problem;
    const remedy = this.firstStart()
      ? 'Use the code that the appliance printed at its first start; it stands in its state directory.'
      : 'Check both; where the password is lost, "recover" on the appliance itself prints a code for a new one.';
    return { ...problem, remedy };
  }

  /** Only a path of this console. */
  private whereTo(): string {
    const back = this.back() ?? '/';
    return /^\/(?![/\\])/.test(back) ? back : '/';
  }
}
