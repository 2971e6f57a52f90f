import { Injectable, inject } from '@angular/core';
import { CurrentAccess, SignedIn } from '@ossea/api-contract';
import { ApiClient } from './api-client';

@Injectable({ providedIn: 'root' })
export class AccessApi {
  private readonly api = inject(ApiClient);

  /** Whose cookie this browser has. */
  current(): Promise<CurrentAccess> {
    return this.api.get('access/session', CurrentAccess);
  }

  signIn(name: string, password: string): Promise<CurrentAccess> {
    return this.api.post('access/sign-in', SignedIn, { name, password, as: 'cookie' });
  }

  /** Trades the one-time code of the first start for the first administrator. */
  setUp(code: string, name: string, password: string): Promise<CurrentAccess> {
    return this.api.post('access/set-up', SignedIn, { code, name, password, as: 'cookie' });
  }

  /** The password again, for what needs it. */
  reauthenticate(password: string): Promise<CurrentAccess> {
    return this.api.post('access/reauthenticate', CurrentAccess, { password });
  }

  signOut(): Promise<void> {
    return this.api.tell('access/sign-out');
  }
}
