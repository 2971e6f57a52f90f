import { LiveAnnouncer } from '@angular/cdk/a11y';
import { Injectable, inject } from '@angular/core';

/** Tells screen readers what has changed, a few changes at a time. */
@Injectable({ providedIn: 'root' })
export class Announcer {
  private readonly live = inject(LiveAnnouncer);
  private readonly pending: string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  announce(sentence: string): void {
    this.pending.push(sentence);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const sentences = this.pending.splice(0);
      const shown = sentences.slice(-3);
      const left = sentences.length - shown.length;
      void this.live.announce((left > 0 ? `${left} more changes. ` : '') + shown.join(' '), 'polite');
    }, 1_000);
  }
}
