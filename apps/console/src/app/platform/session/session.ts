import { Injectable, computed, inject, signal } from '@angular/core';
import { Router } from '@angular/router';

const TOKEN_KEY = 'ossea.token';
const NAME_KEY = 'ossea.name';

/** Who is signed in. The token lives as long as the browser tab and leaves it only in the Authorization header. */
@Injectable({ providedIn: 'root' })
export class Session {
  private readonly router = inject(Router);
  private readonly stored = signal(sessionStorage.getItem(TOKEN_KEY) ?? undefined);

  readonly token = this.stored.asReadonly();
  readonly isSignedIn = computed(() => this.stored() !== undefined);
  readonly name = signal(sessionStorage.getItem(NAME_KEY) ?? undefined);
  /** Why the last session ended, when the user did not end it. */
  readonly endedBecause = signal<string | undefined>(undefined);

  begin(token: string, name: string): void {
    sessionStorage.setItem(TOKEN_KEY, token);
    sessionStorage.setItem(NAME_KEY, name);
    this.endedBecause.set(undefined);
    this.name.set(name);
    this.stored.set(token);
  }

  /** Forgets the token and asks for the next one. */
  end(because?: string): void {
    if (!this.isSignedIn()) return;
    sessionStorage.removeItem(TOKEN_KEY);
    sessionStorage.removeItem(NAME_KEY);
    this.stored.set(undefined);
    this.name.set(undefined);
    this.endedBecause.set(because);
    const back = because === undefined ? {} : { queryParams: { back: this.router.url } };
    void this.router.navigate(['/sign-in'], back);
  }
}
