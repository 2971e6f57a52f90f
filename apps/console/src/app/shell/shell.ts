import { DatePipe } from '@angular/common';
import { ChangeDetectionStrategy, Component, DestroyRef, computed, effect, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { ClrAlertModule } from '@clr/angular/emphasis/alert';
import { ClarityIcons, ClrIcon, logoutIcon, vmIcon } from '@clr/angular/icon';
import { ClrMainContainerModule, ClrNavigationModule } from '@clr/angular/layout';
import { Clock } from '../platform/clock';
import { LiveFeed } from '../platform/live/live-feed';
import { AccessApi } from '../platform/api/access-api';
import { Session } from '../platform/session/session';
import { AgePipe } from '../ui/quantity.pipes';
import { PasswordDialog } from './password-dialog';

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
    PasswordDialog,
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
  private readonly access = inject(AccessApi);

  protected readonly heardAt = computed(() => {
    const at = this.feed.heardAtMs();
    return at === undefined ? undefined : new Date(at).toISOString();
  });
  protected readonly isStale = computed(() => this.feed.status() === 'stale');

  constructor() {
    effect(() => {
      if (this.session.isSignedIn()) this.feed.start();
      else this.feed.stop();
    });
    inject(DestroyRef).onDestroy(() => this.feed.stop());
  }

  protected async signOut(): Promise<void> {
    // when the appliance is away the cookie outlives this by minutes: it ends where nothing is done with it
    await this.access.signOut().catch(() => undefined);
    this.session.end();
  }
}
