import { HttpErrorResponse, type HttpInterceptorFn } from '@angular/common/http';
import { inject } from '@angular/core';
import { tap } from 'rxjs';
import { Session } from './session';

/** Sends the token to our own API, and ends the session when the appliance does not accept it any more. */
export const bearerToken: HttpInterceptorFn = (request, next) => {
  const session = inject(Session);
  const token = session.token();
  if (token === undefined || !request.url.startsWith('/api/')) return next(request);
  return next(request.clone({ setHeaders: { Authorization: `Bearer ${token}` } })).pipe(
    tap({
      error: (error: unknown) => {
        if (error instanceof HttpErrorResponse && error.status === 401)
          session.end('Your session is not valid any more. Sign in again.');
      },
    }),
  );
};
