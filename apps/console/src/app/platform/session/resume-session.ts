import { inject } from '@angular/core';
import { AccessApi } from '../api/access-api';
import { Session } from './session';

/** Before the first page: goes on with the session whose cookie this browser still has. */
export async function resumeSession(): Promise<void> {
  const session = inject(Session);
  const access = inject(AccessApi);
  if (!session.wasHere) return;
  try {
    session.begin(await access.current());
  } catch {
    // nobody is signed in, or the appliance is away: the sign-in page says so
  }
}
