import { Logger } from '@nestjs/common';
import {
  AGENT_HEALTH_PATH,
  AGENT_PROOF_PATH,
  AGENT_PROTOCOL_VERSION,
  PROTOCOL_HEADER,
  verifyAgentToken,
} from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Enrolment } from '../state/state-files.js';
import { correlationOf } from './correlation.js';
import { sendProblem } from './send-problem.js';

/** A stranger on the loopback must not fill the log. */
const TELL_EVERY_MS = 10_000;
/** Neither says anything that is worth knowing. */
const OPEN: ReadonlySet<string> = new Set([AGENT_HEALTH_PATH, AGENT_PROOF_PATH]);
const BEGINS = new Set(['PUT', 'POST']);

/**
 * Stands before everything else, parsers included: a process that merely reaches the port learns that somebody is there
 * and nothing more.
 */
export class AgentGate {
  private readonly logger = new Logger('api');
  private closed = false;
  private toldMs = -Infinity;

  constructor(private readonly trusted: { readonly enrolment: Enrolment | undefined }) {}

  /** Lets nothing begin any more: this VMA stops. What runs may be watched and ended. */
  close(): void {
    this.closed = true;
  }

  readonly middleware: RequestHandler = (request: Request, response: Response, next: NextFunction) => {
    response.setHeader(PROTOCOL_HEADER, String(AGENT_PROTOCOL_VERSION));
    response.setHeader('Cache-Control', 'no-store');
    if (OPEN.has(request.path) && (request.method === 'GET' || request.method === 'HEAD')) return next();
    const refusal = this.refusal(request);
    if (!refusal) return next();
    response.setHeader('Connection', 'close');
    if (refusal.code === 'access.unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
    sendProblem(refusal, request, response);
  };

  private refusal(request: Request): MigrationError | undefined {
    const { headers } = request;
    const token = /^Bearer (\S{1,2000})$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined || !this.isFromOurOma(token)) {
      if (token !== undefined) this.tell(request);
      return new MigrationError('access.unauthenticated', 'This needs a valid agent token.');
    }
    const theirs = headers[PROTOCOL_HEADER];
    if (theirs !== String(AGENT_PROTOCOL_VERSION))
      return new MigrationError('agent.version', 'The OMA speaks another version of the agent protocol.', {
        context: { ours: AGENT_PROTOCOL_VERSION, theirs: String(theirs ?? 'none').slice(0, 20) },
      });
    if (this.closed && BEGINS.has(request.method))
      return new MigrationError('process.not-ready', 'This VMA is stopping.');
    return undefined;
  }

  private isFromOurOma(token: string): boolean {
    const { agentTokenKey, vmaId, state } = this.trusted.enrolment ?? {};
    if (state !== 'approved' || agentTokenKey === undefined || vmaId === undefined) return false;
    return verifyAgentToken(token, agentTokenKey, vmaId);
  }

  private tell(request: Request): void {
    const nowMs = performance.now();
    if (nowMs - this.toldMs < TELL_EVERY_MS) return;
    this.toldMs = nowMs;
    this.logger.warn(
      { correlationId: correlationOf(request) },
      'A call with a token that is not valid here. If it was the OMA: compare the clocks of both appliances.',
    );
  }
}
