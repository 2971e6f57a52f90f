import { DestroyRef, Injectable, inject, signal } from '@angular/core';

/** The time of day as a signal, so that ages on a page move by themselves. */
@Injectable({ providedIn: 'root' })
export class Clock {
  readonly nowMs = signal(Date.now());

  constructor() {
    const timer = setInterval(() => this.nowMs.set(Date.now()), 1_000);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }
}
