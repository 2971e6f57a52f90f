import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AGENT_PROTOCOL_VERSION, PROTOCOL_HEADER, verifyAgentToken } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import type { Request } from 'express';
import { Agent } from '../agent/agent.js';

/** A process that merely reaches the loopback port learns nothing: only the OMA's token opens. */
@Injectable()
export class AgentTokenGuard implements CanActivate {
  constructor(private readonly agent: Agent) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<Request>();
    const token = /^Bearer (\S{1,2000})$/.exec(headers.authorization ?? '')?.[1];
    const { agentTokenKey, vmaId, state } = this.agent.enrolment ?? {};
    const isKnown = token !== undefined && agentTokenKey !== undefined && vmaId !== undefined;
    if (!isKnown || state !== 'approved' || !verifyAgentToken(token, agentTokenKey, vmaId))
      throw new MigrationError('access.unauthenticated', 'This needs a valid agent token.');
    const theirs = headers[PROTOCOL_HEADER];
    if (theirs !== String(AGENT_PROTOCOL_VERSION))
      throw new MigrationError('agent.version', 'The OMA speaks another version of the agent protocol.', {
        context: { ours: AGENT_PROTOCOL_VERSION, theirs: String(theirs).slice(0, 20) },
      });
    return true;
  }
}
