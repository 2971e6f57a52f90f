import { AsyncLocalStorage } from 'node:async_hooks';
import { CorrelationId } from '@ossea/api-contract';
import type { NextFunction, Request, Response } from 'express';
import { newId } from '../database/new-id.js';

/** Who does something: a person in a session, a program with a token, a VMA, or this appliance by itself. */
export interface Actor {
  readonly kind: 'anonymous' | 'session' | 'token' | 'vma' | 'appliance';
  /** For people: a user's name, a token's, a VMA's. */
  readonly name: string;
  /** Id of the user, the VMA; absent where there is none. */
  readonly id?: string;
}

/** What is known about a request beside what it says. */
export interface RequestContext {
  readonly correlationId: string;
  /** Where it came from. */
  readonly address: string | undefined;
  /** Who makes it, as the guard found; `anonymous` on open routes and until then. */
  actor: Actor;
  /** Of the session or the token that it came with. */
  accessId?: string;
}

const ANONYMOUS: Actor = { kind: 'anonymous', name: 'anonymous' };
const APPLIANCE: Actor = { kind: 'appliance', name: 'appliance' };

const contexts = new WeakMap<object, RequestContext>();
const current = new AsyncLocalStorage<RequestContext>();

/** The context of a request; made at its first use, from the caller's own correlation id where there is a valid one. */
export function requestContext(
  request: Pick<Request, 'headers'> & Partial<Pick<Request, 'socket'>>,
): RequestContext {
  const known = contexts.get(request);
  if (known) return known;
  const { headers } = request;
  const sent = CorrelationId.safeParse(headers['x-correlation-id'] ?? headers['x-request-id']);
  const context: RequestContext = {
    correlationId: sent.success ? sent.data : newId('req'),
    address: request.socket?.remoteAddress,
    actor: ANONYMOUS,
  };
  contexts.set(request, context);
  return context;
}

/** Middleware: every answer, also a problem, names its correlation id; what the request sets going knows its context. */
export function correlate(request: Request, response: Response, next: NextFunction): void {
  const context = requestContext(request);
  response.setHeader('X-Correlation-Id', context.correlationId);
  current.run(context, next);
}

/**
 * The request that set going what runs now, however deep below; also that of a job which a request started, and which
 * goes on after the answer. Absent for what this appliance does by itself.
 */
export function currentRequest(): RequestContext | undefined {
  return current.getStore();
}

/** What runs now has just found out whose request it is: somebody who came in by a door. */
export function currentlyIs(actor: Actor): void {
  const request = currentRequest();
  if (request) request.actor = actor;
}

/** Who does what runs now. */
export function currentActor(): Actor {
  return currentRequest()?.actor ?? APPLIANCE;
}

/** Runs something that no HTTP request set going in the name of somebody: a VMA that enrols, a socket's message. */
export function actingAs<T>(actor: Actor, address: string | undefined, run: () => T): T {
  return current.run({ correlationId: newId('req'), address, actor }, run);
}
