import { Injectable, inject } from '@angular/core';
import { IssuedToken } from '@ossea/api-contract';
import { ApiClient } from './api-client';

@Injectable({ providedIn: 'root' })
export class AccessApi {
  private readonly api = inject(ApiClient);

  signIn(password: string): Promise<IssuedToken> {
    return this.api.post('access/sign-in', IssuedToken, { password });
  }

  /** Trades the one-time code of the first start for a token, and sets the password for the next time. */
  setUp(code: string, password: string): Promise<IssuedToken> {
    return this.api.post('access/set-up', IssuedToken, { code, password });
  }
}
