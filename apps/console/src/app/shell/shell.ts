import { DatePipe } from '@angular/common';
import { ChangeDetectionStrategy, Component, DestroyRef, computed, effect, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { ClrAlertModule } from '@clr/angular/emphasis/alert';
import { ClarityIcons, ClrIcon, logoutIcon, vmIcon } from '@clr/angular/icon';
import { ClrMainContainerModule, ClrNavigationModule } from '@clr/angular/layout';
import { Clock } from '../platform/clock';
import { LiveFeed } from '../platform/live/live-feed';
import { Session } from '../platform/session/session';
import { AgePipe } from '../ui/quantity.pipes';

ClarityIcons.addIcons(logoutIcon, vmIcon);

/** The frame of every page of a signed-in user; it also keeps the live feed running. */
@Component({
  selector: 'app-shell',
  imports: [
    AgePipe,
    ClrAlertModule,
    ClrIcon,
    ClrMainContainerModule,
    ClrNavigationModule,
    DatePipe,
    RouterLink,
    RouterLinkActive,
    RouterOutlet,
  ],
  templateUrl: './shell.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Shell {
  protected readonly feed = inject(LiveFeed);
  protected readonly session = inject(Session);
  protected readonly clock = inject(Clock);

  protected readonly heardAt = computed(() => {
    const at = this.feed.heardAtMs();
    return at === undefined ? undefined : new Date(at).toISOString();
  });
  protected readonly isStale = computed(() => this.feed.status() === 'stale');

  constructor() {
    effect(() => {
      const token = this.session.token();
      if (token === undefined) this.feed.stop();
      else this.feed.start(token);
    });
    inject(DestroyRef).onDestroy(() => this.feed.stop());
  }
}
