import { HttpErrorResponse, type HttpInterceptorFn, type HttpRequest } from '@angular/common/http';
import { inject } from '@angular/core';
import { catchError, from, switchMap, tap, throwError } from 'rxjs';
import { PasswordAgain } from './password-again';
import { Session } from './session';

/**
 * Shows our own API that a page of ours asks, asks for the password where the appliance wants it again, and ends the
 * session here when the appliance does not know it any more.
 */
export const ownSession: HttpInterceptorFn = (request, next) => {
  const session = inject(Session);
  const passwordAgain = inject(PasswordAgain);
  if (!request.url.startsWith('/api/')) return next(request);
  const ask = (): ReturnType<typeof next> => next(marked(request, session.csrfToken()));
  return ask().pipe(
    catchError((error: unknown) =>
      codeOf(error) === 'access.password-needed'
        ? from(passwordAgain.ask()).pipe(switchMap((given) => (given ? ask() : throwError(() => error))))
        : throwError(() => error),
    ),
    tap({
      error: (error: unknown) => {
        if (codeOf(error) === 'access.unauthenticated' && !isAboutThePassword(request))
          session.end('Your session is not valid any more. Sign in again.');
      },
    }),
  );
};

function marked(request: HttpRequest<unknown>, csrfToken: string | undefined): HttpRequest<unknown> {
  return csrfToken === undefined || request.method === 'GET'
    ? request
    : request.clone({ setHeaders: { 'X-Ossea-Csrf': csrfToken } });
}

/** There a refusal means a mistyped password. */
function isAboutThePassword({ url }: HttpRequest<unknown>): boolean {
  return /\/access\/(reauthenticate|password)$/.test(url);
}

function codeOf(error: unknown): unknown {
  if (!(error instanceof HttpErrorResponse)) return undefined;
  const body: unknown = error.error;
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
}
