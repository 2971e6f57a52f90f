import { Injectable, computed, inject, signal } from '@angular/core';
import { Router } from '@angular/router';
import type { CurrentAccess, Permission } from '@ossea/api-contract';

/** No secret: says that a cookie may be there, so that nobody asks in vain who it belongs to. */
const WAS_HERE = 'ossea.was-here';

/** Who is signed in. The session itself lives in a cookie that no script can read. */
@Injectable({ providedIn: 'root' })
export class Session {
  private readonly router = inject(Router);
  private readonly current = signal<CurrentAccess | undefined>(undefined);

  readonly isSignedIn = computed(() => this.current() !== undefined);
  readonly name = computed(() => this.current()?.name);
  /** Goes with everything that changes something. */
  readonly csrfToken = computed(() => this.current()?.csrfToken);
  /** Why the last session ended, when the user did not end it. */
  readonly endedBecause = signal<string | undefined>(undefined);

  begin(access: CurrentAccess): void {
    localStorage.setItem(WAS_HERE, '1');
    this.endedBecause.set(undefined);
    this.current.set(access);
  }

  /** Whether this browser may still have the cookie of a session. */
  get wasHere(): boolean {
    return localStorage.getItem(WAS_HERE) !== null;
  }

  may(permission: Permission): boolean {
    return this.current()?.permissions.includes(permission) === true;
  }

  /** Forgets the session here and asks for the next one. */
  end(because?: string): void {
    localStorage.removeItem(WAS_HERE);
    if (!this.isSignedIn()) return;
    this.current.set(undefined);
    this.endedBecause.set(because);
    const back = because === undefined ? {} : { queryParams: { back: this.router.url } };
    void this.router.navigate(['/sign-in'], back);
  }
}
