import { inject } from '@angular/core';
import { Router, type CanActivateFn } from '@angular/router';
import { Session } from './session';

/** Leads to the sign-in page, and from there back to what was asked for. */
export const signedIn: CanActivateFn = (_route, state) => {
  if (inject(Session).isSignedIn()) return true;
  const back = state.url === '/' ? {} : { queryParams: { back: state.url } };
  return inject(Router).createUrlTree(['/sign-in'], back);
};
