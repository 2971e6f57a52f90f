import { Injectable, signal } from '@angular/core';

/** Asks for the password again, once for all requests that need it at the same moment. */
@Injectable({ providedIn: 'root' })
export class PasswordAgain {
  readonly asking = signal(false);
  private answer: Promise<boolean> | undefined;
  private settle: ((given: boolean) => void) | undefined;

  /** Whether it was given; `false` when the user thought better of it. */
  ask(): Promise<boolean> {
    this.answer ??= new Promise<boolean>((resolve) => (this.settle = resolve)).finally(() => {
      this.answer = undefined;
      this.asking.set(false);
    });
    this.asking.set(true);
    return this.answer;
  }

  settled(given: boolean): void {
    this.settle?.(given);
  }
}
