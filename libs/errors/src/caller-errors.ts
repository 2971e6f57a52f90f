import type { ErrorSpec } from './error-spec.js';

/** What is wrong with a request itself, or with whoever makes it. */
export const CALLER_ERRORS = {
  'request.invalid': { recovery: 'fix-and-retry', status: 400, remedy: 'Correct the fields that are named.' },
  'request.not-found': { recovery: 'give-up', status: 404, remedy: 'Check the address and the id.' },
  'request.method': {
    recovery: 'give-up',
    status: 405,
    remedy: 'Use one of the methods that the Allow header lists.',
  },
  'request.conflict': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Look at the present state and choose an action that it allows.',
  },
  'idempotency.reused': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Use a new Idempotency-Key for a different request.',
  },
  'idempotency.in-flight': {
    recovery: 'retry',
    status: 409,
    remedy: 'Wait for the first request with this key to be answered.',
  },
  'access.unauthenticated': {
    recovery: 'fix-and-retry',
    status: 401,
    remedy: 'Sign in, or send a valid API token.',
  },
  'access.forbidden': {
    recovery: 'fix-and-retry',
    status: 403,
    remedy: 'Ask an administrator for the role that allows this.',
  },
  'access.password-needed': {
    recovery: 'fix-and-retry',
    status: 403,
    remedy: 'Give your password again (POST /api/v1/access/reauthenticate), then repeat the request.',
  },
  'access.csrf': {
    recovery: 'fix-and-retry',
    status: 403,
    remedy:
      'Send the csrfToken of GET /api/v1/access/session as X-Ossea-Csrf, from a page of this appliance.',
  },
  'access.throttled': {
    recovery: 'retry',
    status: 429,
    remedy: 'Wait as long as the answer says, then try again.',
  },
} as const satisfies Record<string, ErrorSpec>;
